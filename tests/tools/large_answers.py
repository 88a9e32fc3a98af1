"""What the referee needs to compare large answers: its verdicts, seconds and memory.

    python -m tests.tools.large_answers [--rows 20000000] [--only floats,few]

An answer is Parquet, as a program writes it, and has its rows in another order than the reference
unless the query orders them. After the right answer come some with one planted difference, which
must all be found.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import duckdb
import psutil
import pyarrow as pa
import typer

from harness.answer import AnswerSpec, SortKey
from harness.data.budget import CacheBudget
from harness.types import Column, Type
from harness.verify.referee import Referee
from harness.verify.requests import Reference

VALUES = {
    "row": "j",
    "key": "(hash(j) >> 20)::bigint",
    "text": "'text ' || hash(j, 1) % 10000000",
    "day": "date '2000-01-01' + (hash(j, 2) % 9000)::int",
    "flag": "hash(j, 3) % 2 = 0",
    "few": "(hash(j, 4) % 3)::bigint",
    "word": "'word ' || hash(j, 5) % 5",
    **{f"x{n}": f"hash(j, {n + 6}) / 18446744073709551616::double" for n in range(8)},
}
"""Column -> its SQL, of the row's number j."""
CASES = {
    "mixed": ["key", "text", "day", "flag", "few", "x0", "x1", "x2"],
    "texts": ["text", "word", "day", "x0", "x1", "x2", "x3", "x4"],
    "few": ["flag", "few", "word"],
    "few and floats": ["flag", "few", "x0", "x1", "x2", "x3", "x4", "x5"],
    "floats": ["x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7"],
    "ordered": ["row", "text", "day", "flag", "few", "x0", "x1", "x2"],
}
PLANTED = ["a wrong value", "a missing row", "a row twice", "a float", "NaN"]
STRIDE = 7919
"""Rows are taken in steps of this prime number, so that they come in another order."""


def main(
    rows: Annotated[int, typer.Option(help="Rows of each answer.")] = 20_000_000,
    only: Annotated[str, typer.Option(help="Cases, separated by commas; all without.")] = "",
    right: Annotated[bool, typer.Option("--right", help="No planted differences.")] = False,
) -> None:
    """Prints, for each case and difference, the verdict, the seconds and the referee's peak."""
    print(f"{rows:,} rows; MB are of the referee's process, before a check and at its peak")
    for name in only.split(",") if only else CASES:
        with tempfile.TemporaryDirectory() as folder:
            _case(name, rows, Path(folder), [None] if right else [None, *PLANTED])


def _case(name: str, rows: int, folder: Path, differences: Sequence[str | None]) -> None:
    columns, ordered = CASES[name], name == "ordered"
    order = (SortKey("row"),) if ordered else ()
    schema = tuple(Column(column, Type.FLOAT64) for column in columns)  # only names are read
    spec = AnswerSpec(schema, "", order=order, judge=("the reference", ""))
    reference = folder / "reference.arrow"
    _write_reference(f"SELECT {_selected(columns)} FROM ({_numbers(rows, True)})", reference)
    for planted in differences:
        sql = _answer(columns, rows, ordered, planted)
        if sql is None:
            continue
        answer = folder / "answer.parquet"
        duckdb.execute(f"COPY ({sql}) TO '{answer}' (FORMAT parquet, ROW_GROUP_SIZE 1000000)")
        _check(name, planted, answer, spec, Reference(reference, False, (), ""), folder)


def _numbers(rows: int, in_order: bool) -> str:
    place = "i" if in_order else f"(i * {STRIDE}) % {rows}"
    return f"SELECT i, {place} AS j FROM range({rows}) t(i)"


def _selected(columns: list[str]) -> str:
    """Returns the text of a SELECT list of these columns, some values of the last one being NULL.

    It is NULL in every thousandth row.
    """
    listed = [f"{VALUES[column]} AS {column}" for column in columns[:-1]]
    last = f"CASE WHEN j % 1000 = 0 THEN NULL ELSE {VALUES[columns[-1]]} END AS {columns[-1]}"
    return ", ".join([*listed, last])


def _answer(columns: list[str], rows: int, ordered: bool, planted: str | None) -> str | None:
    """Returns the SQL of an answer with a planted difference, or of the right one for None.

    It returns None if no column can have this difference.
    """
    place, first, last = rows // 3 // 1000 * 1000, columns[0], columns[-1]
    numbers = _numbers(rows, ordered)
    if planted == "a row twice":
        numbers = f"SELECT i, CASE WHEN i = {place} THEN j + 1 ELSE j END AS j FROM ({numbers})"
    whole = f"SELECT i, {_selected(columns)} FROM ({numbers})"
    if planted in ("a float", "NaN") and not last.startswith("x"):
        return None
    changed = {
        "a wrong value": (first, "NULL", f"i = {place + 7}"),
        "a float": (last, f"{last} * 1.001", f"i = {place + 7}"),
        "NaN": (last, "'nan'::double", f"i = {place}"),
    }
    where = f"WHERE i <> {place}" if planted == "a missing row" else ""
    if planted in changed:
        column, value, when = changed[planted]
        other = f"CASE WHEN {when} THEN {value} ELSE {column} END AS {column}"
        return f"SELECT * EXCLUDE (i) REPLACE ({other}) FROM ({whole}) {where}"
    return f"SELECT * EXCLUDE (i) FROM ({whole}) {where}"


def _write_reference(sql: str, file: Path) -> None:
    found = duckdb.sql(sql).to_arrow_reader(50_000)
    with pa.OSFile(str(file), "wb") as out, pa.ipc.new_file(out, found.schema) as writer:
        for batch in found:
            writer.write_batch(batch)


def _check(
    name: str,
    planted: str | None,
    answer: Path,
    spec: AnswerSpec,
    reference: Reference,
    folder: Path,
) -> None:
    budget = CacheBudget(folder / "cache", "run", time.time_ns())
    referee = Referee(budget, folder / "referee", threads=2)
    referee.start()
    referee.await_start()
    (process,) = psutil.Process().children()
    with _peak(process) as peaks:
        began, start = time.perf_counter(), process.memory_info().rss
        told = referee.check(answer, spec, reference)
        seconds = time.perf_counter() - began
    referee.close()
    right = "RIGHT" if (told is None) == (planted is None) else "MISTAKEN"
    print(
        f"{name:>15} {planted or 'nothing':>14} {right} {seconds:6.1f} s "
        f"{start / 1e6:4.0f} -> {max(peaks) / 1e6:5.0f} MB  {told or ''}"[:200],
        flush=True,
    )


@contextmanager
def _peak(process: psutil.Process) -> Iterator[list[int]]:
    """Collects the resident memory of a process, in bytes, every 5 ms of a ``with`` statement."""
    peaks, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.005):
            peaks[0] = max(peaks[0], process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    typer.run(main)
