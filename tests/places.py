"""Where things are: the project, its workloads, and what tests compare with."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
GOLDEN = TESTS / "golden"
SEMANTICS = TESTS / "semantics"
WORKLOADS = ROOT / "workloads"
