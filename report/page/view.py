"""A `Comparison` -> what the page says before its script runs, independent of any choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from report.compare.comparison import Comparison
from report.compare.quieter import Replaced, replaced
from report.read.frame import Results, Setting
from report.words import names, surroundings, wording

MOST_FINDINGS = 8


@dataclass(frozen=True)
class Finding:
    """One or several settings, for which the page will name the best engine.

    ``settings`` are indices into `Comparison.settings`.
    """

    settings: tuple[int, ...]
    title: str
    label: str


class View:
    """What the templates show of the results."""

    def __init__(self, results: Results, comparison: Comparison) -> None:
        self.results = results
        self.comparison = comparison
        self.columns = names.columns(comparison.engines, results.engines)
        self._settings = comparison.settings
        self._machines = len({setting.machine for setting in comparison.settings})

    def setting(self, setting: Setting) -> str:
        return names.setting(setting, self._machines)

    def noise(self) -> str:
        """Says how noisy the machine was in the runs that have a cell in view."""
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

    def findings(self) -> list[Finding]:
        """Returns one finding per setting; settings are merged if there are more than eight."""
        levels: tuple[Callable[[Setting], str], ...]
        levels = (self.setting, lambda setting: names.source(setting.input), lambda _: "")
        for label in levels:
            grouped: dict[tuple[str, str], list[int]] = {}
            for place, setting in enumerate(self._settings):
                grouped.setdefault((setting.workload, label(setting)), []).append(place)
            if len(grouped) <= MOST_FINDINGS:
                break
        titles = self.results.workloads
        return [
            Finding(tuple(places), titles[workload].title, label)
            for (workload, label), places in grouped.items()
        ]
