"""What is asked, and the journal of a run that was broken off -> a journal, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.data.cache import Cache
from harness.data.prepare import content_key
from harness.errors import DataError, ResultsError
from harness.measure.pool import Settings
from harness.outcome import Cell, Outcome, Record
from harness.run.journal import JournalFile, journals, written_by
from harness.run.results import Journal, cell_of, fields, record_of
from harness.workload.file import Workload

BASIS = "basis"
"""The head's field that is not the results file's: what else must be the same."""


def begun(
    folder: Path, journal: Journal, settings: Settings, options: Mapping[str, Any], cache: Cache
) -> JournalFile:
    """A new journal on disk in a machine's folder. Raises ResultsError where there can be none."""
    return JournalFile.create(folder, journal.started, _head(journal, settings, options, cache))


@dataclass(frozen=True)
class Unfinished:
    """What a run that was broken off left: its journal, the records that stand, its noise."""

    file: JournalFile
    records: dict[Cell, Record]
    noise: Mapping[str, Any] | None


def continued(
    folder: Path, journal: Journal, settings: Settings, options: Mapping[str, Any], cache: Cache
) -> Unfinished:
    """The machine's newest run that was broken off.

    ``journal`` takes over when that run began, in which surroundings, and by which command. Raises
    ResultsError where there is none, or where that run did not ask the same of the same.
    """
    ended, living = journals(folder)
    if not ended:
        also = f"; {living[-1]} belongs to a run that is still going on" if living else ""
        raise ResultsError(f"there is no journal of an unfinished run in {folder}{also}")
    file, head, entries = JournalFile.reopen(ended[-1])
    now = _head(journal, settings, options, cache)
    try:
        unfinished = Unfinished(file, kept(head, entries, now), _noise(entries))
        journal.started, journal.command = _began(head), written_by(head)
        journal.environment = head["environment"]
    except ResultsError as error:
        file.close()
        advice = "repeat that run's command, or delete the file"
        raise ResultsError(f"{file.path} cannot be continued: {error}; {advice}") from None
    except Exception as error:  # it may hold anything, in any place
        file.close()
        told = f"it is not a journal that this release writes ({type(error).__name__}: {error})"
        raise ResultsError(f"{file.path} cannot be continued: {told}; delete it") from None
    return unfinished


def _began(head: Mapping[str, Any]) -> datetime:
    began = datetime.fromisoformat(head["started"])
    if began.tzinfo is None or not 1970 < began.year < 2200:
        raise ValueError(f"it began at {began}")
    return began


def _noise(entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    if not entries:
        return None
    told = entries[-1]["noise"]
    return {name: [float(value) for value in told[name]] for name in ("probe_seconds", "loads")}


def _head(
    journal: Journal, settings: Settings, options: Mapping[str, Any], cache: Cache
) -> dict[str, Any]:
    """The results file as it is before the first cell, and what else its records rest on."""
    workloads = {(a.cell.workload, a.cell.size): a.workload for a in journal.asked.values()}
    basis = {
        "rounds": asdict(settings.rounds),
        "timeout": settings.timeout,
        **options,
        "data": {f"{name} {size}": _key(w, size, cache) for (name, size), w in workloads.items()},
    }
    head = {**fields(journal, interrupted=True), "benchmarks": [], BASIS: basis}
    told: dict[str, Any] = json.loads(json.dumps(head, default=str))
    return told


def _key(workload: Workload, size: str, cache: Cache) -> str | None:
    try:
        return content_key(workload, size, cache)
    except DataError:
        return None  # its cells tell why


def kept(
    before: Mapping[str, Any], entries: Iterable[Mapping[str, Any]], now: Mapping[str, Any]
) -> dict[Cell, Record]:
    """The records of a broken run that stand.

    ``before`` and ``now`` are heads of journals. Times of a query whose other engines are still to
    come do not stand: all of them will take turns anew. Raises ResultsError, saying what differs,
    where the two runs do not ask the same of the same.
    """
    for name, differs in _CHECKS.items():
        if told := differs(before, now):
            raise ResultsError(f"{name}: {told}")
    records = {record.cell: record for record in map(record_of, entries)}
    open_questions = {cell.question for cell in map(cell_of, now["cells"]) if cell not in records}
    return {
        cell: record
        for cell, record in records.items()
        if record.outcome is not Outcome.OK or cell.question not in open_questions
    }


def _cells(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    then, asked = ([str(cell_of(told)) for told in head["cells"]] for head in (before, now))
    return "" if then == asked else f"it had {len(then)} of them, {_first_odd(then, asked)}"


def _first_odd(then: Sequence[str], asked: Sequence[str]) -> str:
    odd = [cell for cell in (*then, *asked) if (cell in then) != (cell in asked)]
    if not odd:
        return "in another order"
    return (
        f"this run asks for {len(asked)}; {odd[0]} is only {'there' if odd[0] in then else 'here'}"
    )


def _programs(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    pairs = zip(before["cells"], now["cells"], strict=True)
    changed = [b for b, a in pairs if b["program_sha256"] != a["program_sha256"]]
    return f"that of {cell_of(changed[0])} has changed" if changed else ""


def _mapping(*path: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], str]:
    """A check of two mappings, found along a path of keys."""

    def differs(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
        for key in path:
            before, now = before[key], now[key]
        names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        return ", ".join(f"{name} was {before.get(name)}, is {now.get(name)}" for name in names)

    return differs


def _data(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    then, here = before[BASIS]["data"], now[BASIS]["data"]
    changed = [name for name in here if then.get(name) != here[name]]
    return f"that of {', '.join(changed)} has changed" if changed else ""


def _settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    then, here = ({**head[BASIS], "data": None} for head in (before, now))
    return _mapping()(then, here)


def _surroundings(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Variables are named one by one; that load changes is in the nature of things."""
    then, here = (
        {**head["environment"], **head["environment"]["variables"], **_NO_MATTER}
        for head in (before, now)
    )
    return _mapping()(then, here)


_NO_MATTER: Mapping[str, Any] = {"variables": None, "load_before": None}


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    "its machine differs": _mapping("machine"),
    "its cells differ": _cells,
    "its versions differ": _mapping("versions"),
    "its surroundings differ": _surroundings,
    "its data differs": _data,
    "its programs differ": _programs,
    "its options differ": _settings,
}
