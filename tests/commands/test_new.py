"""``harness new engine``: what it writes runs, is announced, and overwrites nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.commands.cli import app
from tests.places import ROOT


def new_engine(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["new", "engine", *arguments])
    return done.exit_code, done.output


def announced(package: Path) -> Path:
    """Adds to a package the folder of entry points that an installer makes; returns the package."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]["harness.engines"]
    folder = package / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0\n"
    )
    lines = "".join(f"{name} = {place}\n" for name, place in points.items())
    (folder / "entry_points.txt").write_text(f"[harness.engines]\n{lines}")
    return package


@pytest.mark.parametrize(("family", "refused"), [("sql", 0), ("python", 6)])
def test_the_test_that_is_written_passes(family: str, refused: int, tmp_path: Path) -> None:
    name = f"my-{family}"
    code, told = new_engine(name, "--family", family, "--folder", str(tmp_path))
    assert code == 0, told
    package = announced(tmp_path / f"enginebench-{name}")
    paths = os.pathsep.join((str(package), str(ROOT)))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "tests"],
        cwd=package,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{9 - refused} passed" in done.stdout
    reasons = re.findall(r"SKIPPED .* (not yet for My Python: .*)", done.stdout)
    assert len(reasons) == refused, done.stdout


def test_in_a_checkout_the_engine_becomes_one_of_the_project(tmp_path: Path) -> None:
    before = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(before, encoding="utf-8")
    (tmp_path / "harness" / "engines" / "sql").mkdir(parents=True)
    for family, place in (("sql", "sql/two_words.py"), ("python", "two_more/engine.py")):
        name = "two-words" if family == "sql" else "two-more"
        code, told = new_engine(name, "--family", family, "--folder", str(tmp_path))
        assert code == 0, told
        text = (tmp_path / "harness" / "engines" / place).read_text(encoding="utf-8")
        compile(text, place, "exec")
        assert (tmp_path / "tests" / "engines" / f"test_{name.replace('-', '_')}.py").is_file()
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]["harness.engines"]
    assert points["two-words"] == "harness.engines.sql.two_words:TwoWords"
    assert points["two-more"] == "harness.engines.two_more.engine:TwoMore"
    assert {"two-words", "two-more"} <= project["optional-dependencies"].keys()
    old = tomllib.loads(before)["project"]["entry-points"]["harness.engines"]
    assert old.items() <= points.items()


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    assert new_engine("mine", "--folder", str(tmp_path))[0] == 0
    file = tmp_path / "enginebench-mine" / "enginebench_mine" / "__init__.py"
    file.write_text("changed")
    code, told = new_engine("mine", "--folder", str(tmp_path))
    assert code == 2
    assert "is there already; choose another name or --folder" in told
    assert file.read_text() == "changed"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("x", "--family", "pyton"), "no family 'pyton'; did you mean 'python'?"),
        (("polars",), "there is an engine 'polars' already"),
        (("Not_A_Name",), "'Not_A_Name' is no name: letters from a to z"),
        (("../up",), "'../up' is no name"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_written(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    code, output = new_engine(*arguments, "--folder", str(tmp_path))
    assert code == 2
    assert told in output
    assert list(tmp_path.iterdir()) == []


def test_other_things_are_suggested() -> None:
    done = CliRunner().invoke(app, ["new", "engin", "mine"])
    assert done.exit_code == 2
    assert "Did you mean 'engine'?" in done.output
