"""A `Comparison` -> what the page says before its script runs, independent of any choice."""

from __future__ import annotations

from functools import cached_property

from report.compare.comparison import Comparison
from report.compare.quieter import Replaced, replaced
from report.read.frame import Results
from report.words import names, surroundings, wording


class View:
    """The results as the page's templates show them."""

    def __init__(self, results: Results, comparison: Comparison) -> None:
        self.results = results
        self.comparison = comparison
        self.columns = names.columns(comparison.engines, results.engines)

    def heading(self) -> str:
        """Returns the page's heading, made of the titles of the workloads in view."""
        shown = dict.fromkeys(setting.workload for setting in self.comparison.settings)
        return names.heading(self.results.workloads[name].title for name in shown)

    def noise(self) -> str:
        """Returns sentences on how noisy the machine was in the runs that have a cell in view."""
        shown = {cell.run for cell in self.results.cells}
        return surroundings.noise_verdict(
            [run for run in self.results.runs if id(run.file) in shown]
        )

    def noisier(self) -> str:
        return wording.noisier(len(self.replaced.quieter), self.replaced.known)

    @cached_property
    def replaced(self) -> Replaced:
        return replaced(self.results)
