"""The commit of a folder: read from its ``.git``, of which nothing is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.machine.commit import commit_of
from tests.support.benchmark_runs import MEANS, TABLE, Project

GIT = ("git", "-c", "user.name=n", "-c", "user.email=n@example.org")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "below").mkdir(parents=True)
    (folder / "a.txt").write_text("a\n")
    git(folder, "init", "-q", "-b", "some/branch")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def test_the_commit_is_git_s_own(repository: Path, tmp_path: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    told = {"id": head, "branch": "some/branch", "project": "repository"}
    assert commit_of(repository) == told
    assert commit_of(repository / "below") == {**told, "project": "below"}
    git(repository, "pack-refs", "--all")
    assert not (repository / ".git" / "refs" / "heads" / "some").exists()
    assert commit_of(repository) == told
    git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "second"))
    assert commit_of(tmp_path / "second") == {"id": head, "branch": "other", "project": "second"}
    git(repository, "checkout", "-q", "--detach")
    assert commit_of(repository) == {**told, "branch": "(detached head)"}


@pytest.mark.parametrize(
    "head", ["", "ref: refs/heads/none", "ref: refs/../../secret", "x" * 40, "ref: refs/a\x1b[2J"]
)
def test_a_head_that_leads_nowhere_is_an_unknown_commit(tmp_path: Path, head: str) -> None:
    (tmp_path / "secret").write_text("TOPSECRET")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(head)
    told = commit_of(tmp_path)
    assert told["id"] == "unknown" and told["branch"].isprintable()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git" / "HEAD")
    assert commit_of(tmp_path)["id"] == "unknown"


def test_no_program_of_a_folder_s_settings_runs(repository: Path, tmp_path: Path) -> None:
    marker, program = tmp_path / "marker", tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho ran >> {marker}\ncat\n")
    program.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(program))
    git(repository, "config", "filter.x.clean", str(program))
    git(repository, "config", "log.showSignature", "true")
    git(repository, "config", "gpg.program", str(program))
    (repository / ".gitattributes").write_text("*.txt filter=x\n")
    (repository / "a.txt").write_text("b\n")
    project = Project(repository)
    project.write(w_yaml=f"tables: {{t: t.csv}}\nqueries:\n  q: {MEANS}\n", t_csv=TABLE)
    arguments = ("w.yaml", "--engines", "duckdb", "--benchmark-autosave", "--benchmark-json=b.json")
    done = project.benchmark("-p", "enginebench", *arguments)
    assert done.code == 0, done.all
    assert not marker.exists()
    head = (repository / ".git" / "refs" / "heads" / "some" / "branch").read_text().strip()
    assert project.results()["commit_info"]["id"] == head
    assert list((repository / ".benchmarks").glob(f"*/*_{head}_*.json"))
    git(repository, "describe", "--dirty", "--always")  # as pytest-benchmark would ask
    assert marker.exists()
