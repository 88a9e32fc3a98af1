"""Resumes an interrupted run: reads its journal, and selects the records to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.data.cache import Cache
from harness.data.prepare import content_key
from harness.errors import DataError, ResultsError
from harness.measure.pool import Settings
from harness.outcome import Cell, Outcome, Record
from harness.records.files import Basis, JournalHead, JournalLine
from harness.records.runs import NoiseEntry
from harness.run.journal import JournalFile, journals, known_command
from harness.run.results import Register, cell_of, fields, record_of
from harness.workload.file import Workload


def begun(
    folder: Path, register: Register, settings: Settings, options: Mapping[str, Any], cache: Cache
) -> JournalFile:
    """Makes the journal of a new run in a machine's folder; raises ResultsError if that fails.

    ``options`` are those on which records depend, by name; ``cache`` knows the data's hashes.
    """
    return JournalFile.create(folder, _head(register, settings, options, cache))


@dataclass(frozen=True)
class Unfinished:
    """An interrupted run to be resumed: its journal, its records that stay valid, and its noise."""

    file: JournalFile
    records: dict[Cell, Record]
    noise: NoiseEntry | None


def continued(
    folder: Path, register: Register, settings: Settings, options: Mapping[str, Any], cache: Cache
) -> Unfinished:
    """Opens the journal of the machine's newest interrupted run, to be continued.

    The other arguments describe this run, as for `begun`; ``register`` gets the start, surroundings
    and command of that run. Raises ResultsError if there is no interrupted run, or if it measured
    other cells, data or programs, or had other options.
    """
    ended, living = journals(folder)
    if not ended:
        also = f"; {living[-1]} belongs to a run that is still going on" if living else ""
        raise ResultsError(f"there is no journal of an unfinished run in {folder}{also}")
    file, head, lines = JournalFile.reopen(ended[-1])
    try:
        records = kept_records(head, lines, _head(register, settings, options, cache))
    except (ResultsError, ValueError) as error:  # a ValueError: an older release wrote it
        file.close()
        advice = "repeat that run's command, or delete the file"
        raise ResultsError(f"{file.path} cannot be continued: {error}; {advice}") from None
    register.started, register.command = head.started, known_command(head.command)
    register.environment = head.environment
    return Unfinished(file, records, lines[-1].noise if lines else None)


def _head(
    register: Register, settings: Settings, options: Mapping[str, Any], cache: Cache
) -> JournalHead:
    """Returns a journal's first line: the results file before the first cell, with a Basis.

    The Basis is what records depend on: limits, ``options``, and the data, whose hashes ``cache``
    knows.
    """
    workloads = {(a.cell.workload, a.cell.size): a.workload for a in register.cells.values()}
    basis = Basis(
        rounds=asdict(settings.rounds),
        timeout=settings.timeout,
        data={f"{name} {size}": _key(w, size, cache) for (name, size), w in workloads.items()},
        **options,
    )
    return JournalHead(**dict(fields(register, interrupted=True)), basis=basis)


def _key(workload: Workload, size: str, cache: Cache) -> str | None:
    try:
        return content_key(workload, size, cache)
    except DataError:
        return None  # the cells' records will say why


def kept_records(
    before: JournalHead, lines: Sequence[JournalLine], now: JournalHead
) -> dict[Cell, Record]:
    """Returns the records of an interrupted run whose cells need not be measured again.

    If one engine of a question has no record, records with times of the question's other engines
    are left out: those engines are measured again, in turns. Raises ResultsError, which says what
    differs, if ``before`` and ``now`` are not the same run.
    """
    for name, differs in _CHECKS.items():
        if told := differs(before, now):
            raise ResultsError(f"{name}: {told}")
    records = {record.cell: record for record in map(record_of, lines)}
    open_questions = {cell.question for cell in map(cell_of, now.cells) if cell not in records}
    return {
        cell: record
        for cell, record in records.items()
        if record.outcome is not Outcome.OK or cell.question not in open_questions
    }


def _cells(before: JournalHead, now: JournalHead) -> str:
    then, here = ([str(cell_of(entry)) for entry in head.cells] for head in (before, now))
    return "" if then == here else f"it had {len(then)} of them, {_first_odd(then, here)}"


def _first_odd(then: Sequence[str], here: Sequence[str]) -> str:
    odd = [cell for cell in (*then, *here) if (cell in then) != (cell in here)]
    if not odd:
        return "in another order"
    return (
        f"this run asks for {len(here)}; {odd[0]} is only {'there' if odd[0] in then else 'here'}"
    )


def _programs(before: JournalHead, now: JournalHead) -> str:
    pairs = zip(before.cells, now.cells, strict=True)
    changed = [b for b, a in pairs if b.program_sha256 != a.program_sha256]
    return f"that of {cell_of(changed[0])} has changed" if changed else ""


def _data(before: JournalHead, now: JournalHead) -> str:
    then, here = before.basis.data, now.basis.data
    changed = [name for name in here if then.get(name) != here[name]]
    return f"that of {', '.join(changed)} has changed" if changed else ""


def _surroundings(head: JournalHead) -> dict[str, Any]:
    """Returns the ``environment`` of a journal's first line (the state of the machine) by name.

    Each environment variable has a name of its own. The load, which changes all the time, is None.
    """
    found = head.environment.model_dump() if head.environment else {}
    variables = found.pop("variables", {})
    return {**found, **variables, "load_before": None}


def _comparing(
    facts: Callable[[JournalHead], Mapping[str, Any]],
) -> Callable[[JournalHead, JournalHead], str]:
    """Returns a function that compares two journals' first lines, the earlier one first.

    ``facts`` takes from each line what is compared, by name. The function returns the differences
    in words: "" if there are none.
    """

    def differs(before: JournalHead, now: JournalHead) -> str:
        then, here = facts(before), facts(now)
        names = [name for name in {**then, **here} if then.get(name) != here.get(name)]
        return ", ".join(f"{name} was {then.get(name)}, is {here.get(name)}" for name in names)

    return differs


_CHECKS: Mapping[str, Callable[[JournalHead, JournalHead], str]] = {
    "its machine differs": _comparing(lambda head: head.machine.model_dump()),
    "its cells differ": _cells,
    "its versions differ": _comparing(lambda head: head.versions),
    "its surroundings differ": _comparing(_surroundings),
    "its data differs": _data,
    "its programs differ": _programs,
    "its options differ": _comparing(lambda head: head.basis.model_dump(exclude={"data"})),
}
