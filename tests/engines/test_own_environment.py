"""Engines in environments of their own: how they are named, made, refused and run."""

from __future__ import annotations

import json
import site
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import engines
from harness.data.budget import ENTRY, MANIFEST, bytes_in
from harness.data.cache import Cache
from harness.engines import own_environment
from harness.engines.own_environment import InOwnEnvironment, OwnEnvironment, link_packages
from harness.errors import CannotInstall, DataError, UnknownEngine
from harness.machine.locks import held
from tests.fakes.nvml import FakeNvml
from tests.support.benchmark_runs import TABLE, Project

OWN = [e for e in map(engines.get, engines.names()) if isinstance(e, InOwnEnvironment)]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Makes the cache of environments empty, and uv missing; returns the cache's folder.

    uv has a cache and settings of its own, which a test does not know.
    """
    monkeypatch.setenv("ENGINEBENCH_CACHE", str(tmp_path / "own-cache"))
    monkeypatch.setattr(own_environment, "_homes", {})
    monkeypatch.setattr(own_environment, "_by_uv", lambda folder, needed: "uv is not installed")
    return tmp_path / "own-cache"


def pinned(name: str) -> InOwnEnvironment:
    engine = engines.get(name)
    assert isinstance(engine, InOwnEnvironment)
    return engine


def small(name: str, *requires: str) -> InOwnEnvironment:
    """Returns an engine whose own environment requires only these packages."""
    return type("Small", (InOwnEnvironment, type(engines.get(name))), {"requires": requires})()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a worker's environment need a single package, so that it is made quickly."""
    monkeypatch.setattr(own_environment, "OF_A_WORKER", ("psutil",))
    monkeypatch.setattr(own_environment, "ANSWERS", "packaging")


@pytest.mark.parametrize(
    ("name", "label", "requires"),
    [
        ("polars==1.44.2", "Polars 1.44.2", "polars==1.44.2"),
        ("pandas==2.3.*", "pandas 2.3.*", "pandas==2.3.*"),
        ("duckdb>=1.4", "DuckDB >=1.4", "duckdb>=1.4"),
        ("duckdb~=1.4.0", "DuckDB ~=1.4.0", "duckdb~=1.4.0"),
        ("dask==2026.7.1", "Dask 2026.7.1", "dask[dataframe,distributed]==2026.7.1"),
    ],
)
def test_a_version_makes_another_engine(name: str, label: str, requires: str) -> None:
    engine = pinned(name)
    assert (engine.label, engine.requires, engines.short(name)) == (label, (requires,), name)
    assert engine.colour != engines.get(engine.name).colour


@pytest.mark.parametrize("engine", OWN, ids=lambda engine: engine.name)
def test_a_version_of_an_engine_with_its_own_environment_has_its_other_requirements(
    engine: InOwnEnvironment,
) -> None:
    other = pinned(f"{engine.name}==9.9")
    assert other.requires == (f"{engine.distribution}==9.9", *engine.requires[1:])


def test_a_version_may_have_a_name_and_variables() -> None:
    engine = pinned("old=polars==1.44.2@POLARS_VERBOSE=1")
    assert (engine.label, engine.requires) == ("Polars 1.44.2 (old)", ("polars==1.44.2",))
    assert engine.environment(1)["POLARS_VERBOSE"] == "1"
    old, own = engines.get("old=polars==1.44.2"), engines.get("polars")
    assert old.session_address() == own.session_address()


@pytest.mark.parametrize("text", ["polars==", "polars===1", "polars=1.4", "polars==1 2", "==1.4"])
def test_what_is_no_version_is_no_name(text: str) -> None:
    with pytest.raises(UnknownEngine, match=r"is not \[NAME=\]ENGINE\[==VERSION\]|no engine"):
        engines.get(text)


@pytest.mark.usefixtures("few")
def test_an_environment_is_made_once_with_what_it_needs(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    engine = small("polars", "iniconfig==2.0.0")
    assert "--engines polars installs iniconfig==2.0.0 into one" in (engine.unavailable() or "")
    try:
        home = engine.home(said.append)
    except CannotInstall as error:
        pytest.skip(f"no package index here: {error}")
    assert said == ["installing iniconfig==2.0.0 into an environment of its own (once)"]
    assert engine.installed("iniconfig") == "2.0.0"
    assert set(home.versions) == {"iniconfig", "psutil", "packaging"}
    assert _prints(home, "import iniconfig, sys; print(sys.prefix)") == str(home.folder)
    monkeypatch.setattr(own_environment, "_homes", {})
    assert engine.unavailable() is None
    assert small("duckdb", "iniconfig==2.0.0").home(said.append) == home
    assert len(said) == 1


@pytest.mark.parametrize("engine", OWN, ids=lambda engine: engine.name)
def test_an_environment_waits_for_a_run_that_has_its_engine(
    engine: InOwnEnvironment, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml())  # type: ignore[arg-type]
    assert f"yet: pytest --benchmark --engines {engine.name}" in (engine.unavailable() or "")
    assert engine.version() is None and not fresh.exists()


INDEXING = ("postgres", "sqlite")
"""Engines whose sessions read a query's text for the keys of joins, which they index."""


@pytest.mark.parametrize("name", engines.names())
def test_a_worker_imports_its_session_with_what_every_environment_has(
    name: str, tmp_path: Path
) -> None:
    every = (*own_environment.OF_A_WORKER, *(["sqlglot"] if name in INDEXING else []))
    link_packages(tmp_path, ["harness", *every])
    module, _, _ = engines.get(name).session_address().partition(":")
    code = f"import sys; sys.path.append({str(tmp_path)!r}); import harness.measure.engine_worker"
    code = f"{code}, {module}; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", code]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not {"harness.plan", "harness.engines.base"} & set(ran.stdout.split())


@pytest.mark.parametrize(
    ("name", "version", "warning"),
    [("pandas", "2.3.3", "pandas: programs are written for pandas>=3.0; what an older"),
     ("pandas", "3.0.1", ""), ("dask", "2026.7.1", "")],
)  # fmt: skip
def test_a_version_that_programs_are_not_written_for_is_told(
    name: str, version: str, warning: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = small(name, "planted")
    monkeypatch.setattr(type(engine), "version", lambda self: version)
    assert (engine.untried() or "").startswith(warning)
    assert bool(engine.untried()) == bool(warning)


@pytest.mark.usefixtures("few")
def test_what_cannot_be_installed_is_unavailable_with_the_reason(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    engine = pinned("polars==9.9.9")
    reason = "polars==9.9.9 cannot be installed: No matching distribution found for polars==9.9.9"
    assert engine.unavailable() == reason
    assert engine.version() is None
    monkeypatch.setattr(own_environment, "_by_pip", pytest.fail)  # it is not tried again
    assert engine.unavailable() == reason
    assert list(fresh.glob("*/")) == []


def test_an_environment_that_was_broken_off_is_made_anew(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def dies(folder: Path, needed: Sequence[str]) -> str | None:
        assert not folder.exists()
        calls.append(folder)
        folder.mkdir(parents=True)
        (folder / MANIFEST).write_text('{"half')  # as of a full disk
        raise KeyboardInterrupt

    monkeypatch.setattr(own_environment, "_by_pip", dies)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            pinned("polars==1.44.2").home()
    assert calls == [calls[0]] * 2


def test_an_environment_is_an_entry_of_the_cache(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts in the cache's limit, and goes as others do once it was not used for longest."""

    def install(folder: Path, needed: Sequence[str]) -> None:
        folder.mkdir(parents=True)
        (folder / "library.so").write_bytes(bytes(10**6))

    monkeypatch.setattr(own_environment, "_by_pip", install)
    monkeypatch.setattr(own_environment, "_versions", lambda folder: {"polars": "1.44.2"})
    with Cache(limit=1_500_000) as cache:
        home = pinned("polars==1.44.2").home()
        assert ENTRY.fullmatch(home.folder.name) and bytes_in(fresh) > 10**6
        with pytest.raises(DataError, match=r"and 1 MB are in use"):
            cache.budget.grant(10**6)
    with Cache(limit=1_500_000) as cache:
        cache.budget.grant(10**6)
        assert not pinned("polars==1.44.2").made


def test_an_environment_that_is_found_is_kept_from_runs_that_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another run ends, and shrinks the cache, while this one looks whether it is complete."""
    monkeypatch.setattr(own_environment, "_by_pip", lambda folder, needed: folder.mkdir())
    monkeypatch.setattr(own_environment, "_versions", lambda folder: {"polars": "1.44.2"})
    with Cache():
        pinned("polars==1.44.2").home()
    complete = own_environment._complete

    def beside_another_run(folder: Path) -> OwnEnvironment | None:
        found = complete(folder)
        Cache(limit=1).close()
        return found

    monkeypatch.setattr(own_environment, "_complete", beside_another_run)
    monkeypatch.setattr(own_environment, "_homes", {})
    with Cache():
        assert (pinned("polars==1.44.2").home().folder / MANIFEST).exists()


def test_what_an_installer_left_behind_goes_unless_one_is_at_work(fresh: Path) -> None:
    left, making = (fresh / f"environment-{digit * 20}" for digit in "01")
    for folder in (left, making):
        folder.mkdir(parents=True)
        (folder / "half").write_text("")
    with held(Path(f"{making}.lock")), Cache():
        assert (left.exists(), making.exists()) == (False, True)


def test_an_installer_finds_no_settings_of_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The installer runs in ``/``: uv would read settings in its working folder and those above it.

    Everybody may write into a folder for temporary files.
    """
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    where = "import os, sys; sys.exit(os.getcwd())"
    assert own_environment._run([sys.executable, "-P", "-c", where]) == "/"


def test_a_cache_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINEBENCH_CACHE", "/proc/nowhere")
    assert (pinned("polars==1.44.2").unavailable() or "").startswith("no environment can be made")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("ERROR: could not find\nERROR: No matching distribution\n\n", "No matching distribution"),
        (
            "  x No solution found:\n  ╰─▶ there is no version of a==9",
            "╰─▶ there is no version of a==9",
        ),
        ("ERROR: \x1b[2Jgone", "\\x1b[2Jgone"),
        ("", "no reason given"),
        (
            "ERROR: HTTP error 401 for https://me:hush@pypi.example/a, http://hush@b/ and c@d",
            "HTTP error 401 for https://***@pypi.example/a, http://***@b/ and c@d",
        ),
    ],
)
def test_the_reason_is_the_line_that_says_most(output: str, reason: str) -> None:
    assert own_environment._reason(output) == reason


def test_links_lead_to_the_packages_and_to_nothing_else(tmp_path: Path) -> None:
    link_packages(tmp_path, ["harness.measure.pool", "tests.fakes.engines:Right"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["harness", "tests"]
    assert (tmp_path / "harness" / "measure" / "pool.py").is_file()


def test_a_run_sets_two_versions_side_by_side(tmp_path: Path) -> None:
    """A run with DuckDB, an older DuckDB, and a version that does not exist.

    The installer is a stand-in, which links the harness's own packages.
    """
    project = Project(tmp_path).write(
        w_yaml="tables: {t: t.csv}\nqueries:\n  q: select k, count(*) as n from t group by k\n",
        t_csv=TABLE,
        conftest_py=PLANTED.format(packages=site.getsitepackages()[0]),
    )
    done = project.pytest(
        *("--benchmark", "w.yaml", "--engines", "duckdb,duckdb==1.4.*,duckdb==9"),
        *("--benchmark-max-time", "0.01"),
    )
    assert done.code == 0, done.all
    assert "duckdb==9 cannot be installed: planted: no such version" in done.out
    (file,) = (tmp_path / "results").glob("*/*.json")
    found = json.loads(file.read_text())
    assert {r["engine"]: r["outcome"] for r in found["cells"]} == {
        "duckdb": "ok", "duckdb==1.4.*": "ok", "duckdb==9": "unavailable"
    }  # fmt: skip
    assert found["engines"]["duckdb==1.4.*"]["version"] == "1.4.7"
    assert found["engines"]["duckdb==1.4.*"]["label"] == "DuckDB 1.4.*"


PLANTED = """
import json, pathlib, subprocess, sys
from harness.engines import own_environment


def install(folder, needed):
    if "duckdb==9" in needed:
        return "planted: no such version"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = pathlib.Path(folder).glob("lib/*/site-packages")
    (packages / "all.pth").write_text({packages!r})


own_environment._by_uv = install
own_environment._by_pip = lambda folder, needed: "planted: no such version"
own_environment._versions = lambda folder: {{"duckdb": "1.4.7"}}
"""


def _prints(home: OwnEnvironment, code: str) -> str:
    ran = subprocess.run([home.python, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_the_python_is_the_one_that_runs_the_harness(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "e")], check=True)
    home = OwnEnvironment(tmp_path / "e", {})
    assert _prints(home, "import sys; print(sys.version)") == sys.version
