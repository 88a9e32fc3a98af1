"""The CI files in ``docs/ci``: their commands, run in a folder of a person's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.places import ROOT
from tests.support.benchmark_runs import MEANS, TABLE, Project
from tests.support.shares import WHOLE

FILES = ROOT / "docs" / "ci"
YAML = f"tables: {{t: t.csv}}\nqueries:\n  q: {MEANS}\n"


def read(name: str) -> Any:
    return yaml.safe_load((FILES / name).read_text())


def run(commands: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Runs commands as a CI service does, and returns what the last one prints.

    Each must succeed; ``harness compare`` may also end with 1, since noise can make a side slower.
    """
    for command in commands:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        slower = done.returncode == 1 and "harness compare" in command
        assert done.returncode == 0 or slower, (command, done.stdout + done.stderr)
    return done.stdout


def a_side(folder: Path) -> Project:
    """Makes a checkout with a workload, and a ``.venv`` that has enginebench."""
    (folder / "workloads").mkdir(parents=True)
    (folder / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    project = Project(folder)
    (folder / "workloads" / "w.yaml").write_text(YAML)
    (folder / "workloads" / "t.csv").write_text(TABLE)
    return project


def environment(project: Project, declared: dict[str, str]) -> dict[str, str]:
    quick = {"OPTIONS": "--engines duckdb --budget 1s"}
    return {**os.environ, **project.environment, **declared, **quick}


@pytest.mark.skipif(not WHOLE, reason="takes 13 s; ENGINEBENCH_BATTERY=whole runs it")
def test_a_pull_request_is_compared_by_github_actions(tmp_path: Path) -> None:
    declared = read("github-actions.yml")
    base, _ = a_side(tmp_path / "base"), a_side(tmp_path / "change")
    summary = tmp_path / "summary.md"
    variables = environment(base, {**declared["env"], "GITHUB_STEP_SUMMARY": str(summary)})
    for step in declared["jobs"]["compare"]["steps"]:
        if "run" in step and step["name"] != "Install":
            run([step["run"]], tmp_path / step.get("working-directory", "."), variables)
    assert "| w::q " in summary.read_text()
    assert (tmp_path / "results" / "change" / "index.html").is_file()


def test_gitlab_runs_the_same_commands(tmp_path: Path) -> None:
    declared = read("gitlab-ci.yml")["benchmark"]["script"]
    steps = [s["run"] for s in read("github-actions.yml")["jobs"]["compare"]["steps"] if "run" in s]
    for mine, theirs in zip(declared, steps[1:], strict=True):
        run([f"bash -n <<'END'\n{mine}\nEND"], tmp_path, dict(os.environ))
        words = [word for word in theirs.split(" | ")[0].split() if word.startswith("--")]
        assert [word for word in words if word != "--format"] == [
            word for word in mine.replace(")", "").split() if word.startswith("--")
        ]


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_every_option_in_the_files_is_one_of_the_command(name: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True
    ).stdout
    options = {w for text in commands(read(name)) if "--benchmark" in text for w in text.split()}
    for option in sorted(option for option in options if option.startswith("--")):
        assert option in shown


def commands(value: Any) -> Iterator[str]:
    """Yields all texts in a parsed YAML file, from lists and mappings at any depth."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from commands(part)
    elif isinstance(value, str):
        yield value
