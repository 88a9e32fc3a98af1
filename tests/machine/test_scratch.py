"""Temporary files are removed at the end of their run or, if that was killed, by the next one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness.machine.scratch import Scratch, is_temporary
from tests.places import ROOT


def test_a_folder_is_there_while_it_is_used(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        (scratch.path / "file").touch()
        assert list(tmp_path.iterdir()) == [scratch.path]
    assert list(tmp_path.iterdir()) == []


def test_only_what_is_in_a_run_s_folder_is_temporary(tmp_path: Path) -> None:
    """Such folders may be opened to the user that a server of PostgreSQL runs as."""
    (tmp_path / "enginebench-mine").mkdir()
    with Scratch(tmp_path) as scratch:
        assert is_temporary(scratch.path) and is_temporary(scratch.path / "engines" / "1-postgres")
        assert not is_temporary(tmp_path) and not is_temporary(tmp_path / "enginebench-mine")


def test_two_runs_do_not_take_each_others_folder_away(tmp_path: Path) -> None:
    with Scratch(tmp_path) as one, Scratch(tmp_path) as two:
        assert one.path != two.path
        assert one.path.is_dir() and two.path.is_dir()


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from harness.machine.scratch import Scratch;"
        "Scratch(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    assert killed.returncode == -9
    (left,) = tmp_path.iterdir()
    others = tmp_path / "others"
    others.mkdir()
    with Scratch(tmp_path) as scratch:
        assert not left.exists()
        assert sorted(tmp_path.iterdir()) == sorted([scratch.path, others])
