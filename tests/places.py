"""Paths: of the project, its workloads, and the tests' golden files."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
GOLDEN = TESTS / "golden"
SEMANTICS = TESTS / "semantics"
WORKLOADS = ROOT / "workloads"
