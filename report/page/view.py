"""A `Comparison` -> the summary as it stands before the reader chooses anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from report.compare.comparison import Comparison, Score, best_score
from report.compare.quieter import Replaced, replaced
from report.read.frame import Engine, Results, Setting
from report.words import names, surroundings, wording
from report.words.names import Column

MOST_FINDINGS = 8


@dataclass(frozen=True)
class Finding:
    """The best engine of one or several settings, and a sentence; ``settings`` are their places."""

    settings: tuple[int, ...]
    title: str
    label: str
    best: Score | None
    text: str


@dataclass(frozen=True)
class RankingRow:
    column: Column
    score: Score


class View:
    """What the templates ask of the results."""

    def __init__(self, results: Results, comparison: Comparison) -> None:
        self.results = results
        self.comparison = comparison
        self.columns = names.columns(comparison.engines, results.engines)
        self._column = {column.engine: column for column in self.columns}
        self._settings = comparison.settings
        self._machines = len({setting.machine for setting in comparison.settings})

    def label(self, engine: Engine) -> str:
        return self._column[engine].label

    def column(self, engine: Engine) -> Column:
        return self._column[engine]

    def setting(self, setting: Setting) -> str:
        return names.setting(setting, self._machines)

    def overall(self) -> str:
        return wording.overall(self.comparison, self.label)

    def noise(self) -> str:
        """Of the runs that have a cell in view."""
        shown = {(cell.setting.machine, cell.started) for cell in self.results.cells}
        runs = self.results.runs
        return surroundings.noise_verdict(
            [run for run in runs if (run.machine.name, run.file.started) in shown]
        )

    def noisier(self) -> str:
        return wording.noisier(len(self.replaced.quieter), self.replaced.known)

    @cached_property
    def replaced(self) -> Replaced:
        return replaced(self.results)

    def ranking(self) -> list[RankingRow]:
        return [RankingRow(self.column(s.engine), s) for s in self.comparison.scores]

    def findings(self) -> list[Finding]:
        """One for each setting, or for several together where they would be too many."""
        levels: tuple[Callable[[Setting], str], ...]
        levels = (self.setting, lambda setting: names.source(setting.input), lambda _: "")
        for label in levels:
            grouped: dict[tuple[str, str], list[int]] = {}
            for place, setting in enumerate(self._settings):
                grouped.setdefault((setting.workload, label(setting)), []).append(place)
            if len(grouped) <= MOST_FINDINGS:
                break
        return [self._finding(*key, tuple(places)) for key, places in grouped.items()]

    def _finding(self, workload: str, label: str, places: tuple[int, ...]) -> Finding:
        tasks = [task for place in places for task in self.comparison.of(self._settings[place])]
        title = self.results.workloads[workload].title
        best = best_score(tasks, self.comparison.engines)
        return Finding(places, title, label, best, wording.finding(tasks, self.label))
