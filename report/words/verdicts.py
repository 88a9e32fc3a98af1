"""Writes which engine to use for each kind of work, from one results file.

The words are the same as in static/verdicts.js; tests/report/test_verdicts.py compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from report.compare.comparison import Comparison, Task, compare
from report.compare.metrics import DEFAULT
from report.compare.statistics import Ratio
from report.compare.verdicts import Pick, largest, narrowed, pick
from report.read.frame import EngineVersion, Results, Setting, load
from report.words import names, wording


@dataclass(frozen=True)
class WorkVerdict:
    """Which engine to use for one kind of work (a workload in a setting), in sentences.

    ``engine`` is the label of the engine; if no engine has a value, this text and those after it
    are empty. ``lead`` compares the engine with the next one, ``reason`` says where it is the best,
    ``price`` where it is not, and ``memory`` how much memory it uses.
    """

    title: str
    where: str
    engine: str = ""
    lead: str = ""
    reason: str = ""
    price: str = ""
    memory: str = ""

    @property
    def text(self) -> str:
        """Returns all sentences in one line."""
        if not self.engine:
            return f"{self.title}: no engine has a value."
        parts = (self.lead, self.reason, self.price, self.memory)
        return " ".join([f"{self.title}: {self.engine}.", *filter(None, parts)])


def verdicts(results: Path) -> list[WorkVerdict]:
    """Returns a verdict for each kind of work, at the largest size and the most threads.

    Of a workload in several settings each verdict's title names what differs: ``Files, from CSV``.
    Raises ReportError if the results file cannot be used.
    """
    loaded = load([results])
    whole = compare(loaded)
    columns = names.columns(whole.engines, loaded.engines)
    labels = {column.engine: column.label for column in columns}
    comparison = headline(loaded, whole)
    wheres = {setting: names.setting(setting) for setting in comparison.settings}

    def title(setting: Setting) -> str:
        alike = [where for other, where in wheres.items() if other.workload == setting.workload]
        own = [part for part in wheres[setting].split(" · ") if not all(part in w for w in alike)]
        return ", ".join([names.short(loaded.workloads[setting.workload].title), *own])

    return [
        _verdict(
            title(setting),
            wheres[setting],
            comparison.of(setting),
            comparison.engines,
            labels,
        )
        for setting in comparison.settings
    ]


def headline(results: Results, comparison: Comparison) -> Comparison:
    """Returns the comparison that the page shows first: at the largest size and most threads."""
    return narrowed(comparison, largest_of(results, comparison.settings))


def largest_of(results: Results, settings: Iterable[Setting]) -> list[Setting]:
    rows = {(name, size): count for name, workload in results.workloads.items()
            for size, count in workload.sizes.items()}  # fmt: skip
    return largest(settings, rows)


def _verdict(
    title: str,
    where: str,
    tasks: Sequence[Task],
    engines: Iterable[EngineVersion],
    labels: dict[EngineVersion, str],
) -> WorkVerdict:
    found = pick(tasks, engines)
    if found is None:
        return WorkVerdict(title, where)
    return WorkVerdict(
        title, where, labels[found.engine], _lead(found, labels), _reason(found, labels),
        _price(found), _memory(found, labels),
    )  # fmt: skip


def _lead(found: Pick, labels: dict[EngineVersion, str]) -> str:
    if found.next is None:
        return "No other engine has a value."
    engine, ratio = found.next
    if ratio.is_tie:
        return f"It ties with {labels[engine]}."
    spread = _times(ratio)
    if ratio.is_unclear:
        return f"It cannot be told from {labels[engine]} yet: {spread}."
    return f"{labels[engine]}, the next, {DEFAULT.more.format(spread)}."


def _times(ratio: Ratio) -> str:
    times = wording.times(ratio.value)
    return f"{times} ({wording.interval(*ratio.interval)})" if ratio.interval else times


def _reason(found: Pick, labels: dict[EngineVersion, str]) -> str:
    if (rival := found.rival) is None:
        ties = f", ties for best on {found.score.ties}" if found.score.ties else ""
        best = DEFAULT.superlative.capitalize()
        return f"{best} on {found.score.wins} of {wording.queries(found.total)}{ties}."
    best = f"{labels[rival.engine]} is {DEFAULT.superlative} on {rival.wins} of {found.total}"
    if rival.missing:
        return f"{best}, but has no value for {rival.missing}."
    if rival.worst is None:
        return f"{best}."
    more = DEFAULT.more.format(wording.times(rival.worst.ratio))
    return f"{best}, but {more} on {rival.worst.query}."


def _price(found: Pick) -> str:
    parts = []
    if found.worst is not None:
        times = wording.times(found.worst.ratio)
        parts.append(f"At worst {times} the best, on {found.worst.query}.")
    if found.missing:
        parts.append(f"No value for {found.missing}.")
    return " ".join(parts)


def _memory(found: Pick, labels: dict[EngineVersion, str]) -> str:
    if found.memory is None:
        return ""
    own = f"{wording.mebibytes(found.memory)} MiB"
    if found.leaner is None:
        return f"{own} of memory at most."
    engine, peak = found.leaner
    return f"{own} of memory at most; {labels[engine]} {wording.mebibytes(peak)} MiB."
