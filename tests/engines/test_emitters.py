"""Every construct of SQL is written for an engine, or declared as a gap; every gap has its words.

``harness/engines/constructs.py`` has a query for each, so that none is added to the plan layer and
forgotten. What compiles is run here: what the table of ``harness doctor --functions`` calls ok is
answered rightly.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from harness import engines
from harness.engines.base import Engine
from harness.engines.constructs import CONSTRUCTS, TABLES, Construct
from harness.engines.gaps import Gap, Gaps, Refused, cannot, not_yet
from harness.plan import compile_query
from harness.plan.facts.typing import KNOWN
from harness.plan.tree.nodes import Node, walk
from tests.places import ROOT, SEMANTICS
from tests.support.in_process import InProcess, described, installed, read_tables
from tests.support.shares import runs
from tests.test_layers import module_of

ROWS = SEMANTICS / "tables.yaml"
ALL = [engines.get(name) for name in engines.names()]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    rows = {name: t for name, t in read_tables(ROWS).items() if name in TABLES}
    with InProcess(rows, tmp_path_factory.mktemp("constructs")) as started:
        yield started


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
@pytest.mark.parametrize(
    ("engine", "construct"),
    [
        pytest.param(name, each, id=f"{name}-{each.group}: {each.written}")
        for name in installed(serving=True)
        for each in CONSTRUCTS
        if runs(engines.get(name), each.written)
    ],
)
def test_a_construct_is_answered_or_refused_by_a_declared_gap(
    construct: Construct, engine: str, tables: InProcess
) -> None:
    verdict = tables.verdict(engine, construct.sql)
    if verdict.outcome == "ok":
        return
    assert verdict.outcome == "unsupported", verdict
    assert verdict.gap in engines.get(engine).gaps, verdict
    assert not verdict.program, f"only noticed as it runs: {verdict}"


def parts(node: Node) -> set[type]:
    """Returns the classes of all nodes of a plan, and of all expressions that these have."""
    found: set[type] = set()
    for each in walk(node):
        held = [e for value in vars(each).values() for e in _expressions(value)]
        found |= {type(each)} | {type(e) for top in held for e in top.walk()}
    return found


def _expressions(value: object) -> list[exp.Expression]:
    if isinstance(value, tuple):
        return [e for item in value for e in _expressions(item)]
    return [value] if isinstance(value, exp.Expression) else []


def test_every_kind_of_a_plan_has_a_construct() -> None:
    plans = [compile_query(each.sql, TABLES).lowered() for each in CONSTRUCTS]
    found = set().union(*map(parts, plans))
    assert {
        kind.__name__ for kind in (*KNOWN, *Node.__subclasses__()) if kind not in found
    } == set()


def test_constructs_read_columns_that_the_battery_has_rows_of() -> None:
    rows = read_tables(ROWS)
    for name, schema in TABLES.items():
        there = {c.name: (c.type, c.nullable) for c in described(rows[name])}
        assert {c.name: (c.type, c.nullable) for c in schema}.items() <= there.items()


@pytest.mark.parametrize("engine", ALL, ids=lambda engine: engine.name)
def test_a_gap_is_declared_once(engine: Engine) -> None:
    named = [gap.when or gap.of for gap in engine.gaps]
    assert len(named) == len(set(named))


def test_what_is_raised_is_declared_and_what_is_declared_is_raised() -> None:
    """The words by which emitters raise a gap are those of declared gaps, and the reverse.

    A word without a gap would otherwise show only when a query runs into it.
    """
    declared = {gap for engine in ALL for gap in engine.gaps if gap.when}
    words = {gap.when for gap in declared}
    raised = {pattern: at for file in FILES for pattern, at in raised_in(file)}
    unknown = [(p, at) for p, at in raised.items() if not any(re.fullmatch(p, w) for w in words)]
    assert unknown == []
    elsewhere = {gap.when for gap in declared if gap.test or gap.says} | named_gaps()
    lost = [w for w in words - elsewhere if not any(re.fullmatch(p, w) for p in raised)]
    assert lost == []


FILES = sorted((ROOT / "harness/engines").rglob("*.py"))
LOOKED_UP = {"unsupported", "whole_number", "some_text"}
"""The methods that are given a gap's words; those of sqlglot's printers apart."""


def raised_in(file: Path) -> Iterator[tuple[str, str]]:
    """Yields the words of the gaps that a file's calls name, as regular expressions, with lines."""
    known = vars(importlib.import_module(module_of(file)))
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for function in (f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)):
        assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
        for call in (c for c in ast.walk(function) if isinstance(c, ast.Call)):
            method = call.func
            if isinstance(method, ast.Attribute) and method.attr in LOOKED_UP:
                if isinstance(method.value, ast.Name) and method.value.id == "printer":
                    continue
                for argument in [*call.args, *_assigned_to(call.args, assigned)]:
                    if (pattern := _pattern(argument, known)) is not None:
                        yield pattern, f"{file.name}:{call.lineno}"


def _assigned_to(names: list[ast.expr], assigned: list[ast.Assign]) -> Iterator[ast.expr]:
    """Yields the values that the assignments ``assigned`` give to variables among ``names``."""
    wanted = {name.id for name in names if isinstance(name, ast.Name)}
    for node in assigned:
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id in wanted:
            yield node.value


def _pattern(value: ast.expr, known: dict[str, Any]) -> str | None:
    """Returns a regular expression for a text in code, or None for what is no text.

    Computed parts of an f-string may be anything. ``known`` has the names of the file's module.
    """
    match value:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            return "".join(_pattern(part, known) or ".*" for part in parts)
        case ast.Name(id=name) if isinstance(known.get(name), str):
            return re.escape(known[name])
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            text = getattr(known.get(module), name, None)
            return re.escape(text) if isinstance(text, str) else None
    return None


def named_gaps() -> set[str]:
    """Returns the words of the gaps that are constants in a ``gaps.py``.

    Emitters raise these by the constants' names.
    """
    found: set[str] = set()
    for file in (file for file in FILES if file.name == "gaps.py"):
        for value in vars(importlib.import_module(module_of(file))).values():
            gaps = value.values() if isinstance(value, dict) else [value]
            found |= {gap.when for gap in gaps if isinstance(gap, Gap)}
    return found


def test_an_engine_of_sql_is_one_short_file() -> None:
    """It has at most 80 lines, since what SQL engines share is in modules of the family."""
    for engine in (engine for engine in ALL if engine.language == "sql"):
        file = Path(inspect.getfile(type(engine)))
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 80, file


def test_an_undeclared_gap_is_noticed() -> None:
    gaps = Gaps("An engine", [cannot(exp.Abs), not_yet(exp.Round, "rounding to a computed place")])
    with pytest.raises(Refused, match=r"^An engine cannot: abs\(n\)$"):
        gaps.refuse(exp.Abs)
    gaps.refuse(exp.Round)
    told = gaps.unsupported("rounding to a computed place", "round(x, n)")
    assert str(told) == "not yet for An engine: rounding to a computed place: round(x, n)"
    assert gaps.missing(exp.Sqrt).gap not in gaps.declared
    with pytest.raises(KeyError):
        gaps.unsupported("rounding to a place that is not there")


@pytest.mark.parametrize("engine", ["pandas", "pyarrow"])
def test_an_order_within_an_aggregate_over_a_window_is_called_that(
    tables: InProcess, engine: str
) -> None:
    sql = "select string_agg(w, ',' order by id) over (partition by k) as a from people"
    assert "string_agg(s order by x) over a window" in tables.verdict(engine, sql).reason
