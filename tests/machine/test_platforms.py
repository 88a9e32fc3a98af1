"""What works on systems other than Linux, as far as it can be tried on Linux."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness import plugin
from tests.places import ROOT

WITHOUT_POSIX = """
import sys, psutil
for name in ("resource", "pwd", "fcntl", "grp", "termios"):
    sys.modules[name] = None  # cannot be imported
import harness.plugin, harness.run.session
from harness import engines
from harness.commands.cli import app
print(*[engines.get(name).name for name in engines.names()])
app(["compare", "--help"])
"""


def test_commands_and_engines_are_found_where_posix_modules_are_missing() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_POSIX],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "postgres" in done.stdout and "--fail-above" in done.stdout


def test_on_windows_benchmark_names_what_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    config = SimpleNamespace(getoption=lambda name: name == "benchmark")
    with pytest.raises(pytest.UsageError, match="WSL 2"):
        plugin.pytest_configure(cast(Any, config))
