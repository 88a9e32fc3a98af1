"""Compares engines' answers to TPC-H's queries with those that TPC publishes, at scale 1.

    python -m tests.tools.published_answers FOLDER [--engine polars] [--input memory] [--only q02]

FOLDER holds the validation output that comes with TPC's dbgen, ``q1.out`` to ``q22.out``: a
heading, then a row per line, values separated by ``|``. (Databases that make the data with a dbgen
of their own have other addresses and comments, and so other answers.) The data is made here by
tpchgen-cli. How near a value must come is said by clause 2.1.3.5 of TPC-H's specification (3.0.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

import harness.engines
from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.machine.facts import usable_cores
from harness.plan import compile_query
from harness.tables import Input
from harness.types import Type
from harness.verify.canonical import ValueKind, canonical
from harness.workload.file import load
from tests.places import WORKLOADS
from tests.support.in_process import installed

WORKLOAD = WORKLOADS / "tpch.yaml"
SIZE = "medium"
SUM, AVERAGE, RATIO, EXACT = "sum", "average", "ratio", "exact"
COMPUTED = {
    "q01": {
        **dict.fromkeys(("sum_qty", "sum_base_price", "sum_disc_price", "sum_charge"), SUM),
        **dict.fromkeys(("avg_qty", "avg_price", "avg_disc"), AVERAGE),
    },
    "q03": {"revenue": SUM},
    "q05": {"revenue": SUM},
    "q06": {"revenue": SUM},
    "q07": {"revenue": SUM},
    "q08": {"mkt_share": RATIO},
    "q09": {"sum_profit": SUM},
    "q10": {"revenue": SUM},
    "q11": {"value": SUM},
    "q14": {"promo_revenue": RATIO},
    "q15": {"total_revenue": SUM},
    "q17": {"avg_yearly": RATIO},
    "q18": {"sum_quantity": SUM},
    "q19": {"revenue": SUM},
    "q22": {"totacctbal": SUM},
}
"""The columns of sums, averages and ratios; all others must be met exactly."""
CENT = Decimal("0.01")
Row = Sequence[Any]


def main(
    folder: Annotated[Path, typer.Argument(help="The published answers.")],
    engine: Annotated[str, typer.Option(help="Engines by name. Default: all here.")] = "",
    source: Annotated[Input, typer.Option("--input", help="memory or parquet")] = Input.MEMORY,
    only: Annotated[str, typer.Option(help="Queries, such as q02,q17. Default: all.")] = "",
) -> None:
    """Prints each answer's first difference from the published one, and how many have none.

    Exits with code 1 if an answer differs.
    """
    chosen = engine.split(",") if engine else installed(serving=True)
    failed = [name for name in chosen if not _equal(folder, name, source, only)]
    raise typer.Exit(1 if failed else 0)


def _equal(folder: Path, engine: str, source: Input, only: str) -> bool:
    workload = load(WORKLOAD)
    with Cache() as cache:
        tables = prepare(workload, SIZE, source, cache).tables
    schemas = {name: table.schema for name, table in tables.items()}
    session = harness.engines.get(engine).start(usable_cores())
    for table in tables.values():
        session.load(table) if source is Input.MEMORY else session.scan(table, source)
    right, asked = 0, [q for q in workload.queries if not only or q.name in only.split(",")]
    for query in asked:
        compiled = compile_query(query.sql, schemas)
        session.prepare(harness.engines.get(engine).compile(compiled, tables, source))
        answer = session.to_arrow(session.run())
        columns = [
            canonical(answer[c.name], ValueKind.DATE) if c.type is Type.DATE else answer[c.name]
            for c in compiled.spec.schema
        ]
        rows = list(zip(*(column.to_pylist() for column in columns), strict=True))
        published = read(folder, query.name)
        reason = difference(query.name, answer.column_names, rows, published)
        right += reason is None
        if reason is not None:
            typer.echo(f"{engine} {query.name}: {reason}")
    typer.echo(f"{engine}: {right} of {len(asked)} answers equal the published ones")
    return right == len(asked)


def read(folder: Path, query: str) -> list[list[str]]:
    """Returns the published rows of a query, such as ``q01``; values are text without padding."""
    file = folder / f"q{int(query[1:])}.out"
    if not file.exists():
        raise typer.BadParameter(f"there is no {file}")
    _, *lines = file.read_text().splitlines()
    return [[value.strip() for value in line.split("|")] for line in lines if line.strip()]


def difference(
    query: str, names: Sequence[str], rows: Sequence[Row], published: Sequence[Sequence[str]]
) -> str | None:
    """Returns how an answer's rows first differ from the published ones; None if all agree.

    Rows are compared in their order, values by the rule for their column (see `agrees`). ``query``
    is the query's name, ``names`` are the answer's columns.
    """
    if len(rows) != len(published):
        return f"{len(rows)} rows, published {len(published)}"
    rules: Mapping[str, str] = COMPUTED.get(query, {})
    for number, (row, right) in enumerate(zip(rows, published, strict=True), start=1):
        for name, given, wanted in zip(names, row, right, strict=True):
            if not agrees(rules.get(name, EXACT), given, wanted):
                return f"row {number}, {name}: {given!r}, published {wanted!r}"
    return None


def agrees(rule: str, given: Any, published: str) -> bool:
    """True if a value agrees with a published one by a rule: EXACT, SUM, AVERAGE or RATIO.

    Clause 2.1.3.5: a) plain columns and counts are equal; b) ratios and d) averages, rounded to
    cents, are within 1%; c) sums are within 100 dollars. A sum that is divided counts as a ratio.
    """
    if rule == EXACT and not isinstance(given, (float, Decimal)):
        return str(given).strip() == published
    value, wanted = Decimal(str(given)), Decimal(published)
    if rule == EXACT:
        return value == wanted
    if rule == SUM:
        return abs(value - wanted) <= 100
    cents = value.quantize(CENT, ROUND_HALF_UP)
    return Decimal("0.99") * wanted <= cents <= Decimal("1.01") * wanted


if __name__ == "__main__":
    typer.run(main)
