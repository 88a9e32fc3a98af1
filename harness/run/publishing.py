"""Publishes a run: its results file, the report, and the summary at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ResultsError
from harness.machine.commit import commit_of
from harness.machine.cores import overruns
from harness.machine.pytest_run import tell_results
from harness.run import options
from harness.run.journal import JournalFile
from harness.run.results import as_json, fields, write
from harness.run.running import Running

if TYPE_CHECKING:
    from report import Ranked, WorkVerdict


class Publishing:
    """The part of the pytest plugin that writes a run's results, in the hooks at its end."""

    def __init__(self, running: Running) -> None:
        self.running, self.config = running, running.config
        self.register, self.display, self.noise = running.register, running.display, running.noise
        self.results: Path | None = None
        self.report: Path | None = None
        self.verdicts: Sequence[WorkVerdict] = ()
        self.ranking: Sequence[Ranked] = ()

    def pytest_benchmark_update_machine_info(self, machine_info: dict[str, Any]) -> None:
        machine_info["node"] = self.register.machine.name  # a host's name is private

    def pytest_benchmark_generate_commit_info(self) -> dict[str, str]:
        return commit_of(
            self.config.invocation_params.dir
        )  # git would run programs that the folder names

    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        found: dict[str, Any] = {}
        if self.running.runner is not None:
            found["seconds"] = self.running.runner.spent.entry()
        if self.register.environment is not None:
            during = {"load_during": self.noise.load}
            found["environment"] = self.register.environment.model_copy(update=during)
            found["noise"] = self.noise.entry()
        ours = fields(self.register, not self.register.complete).model_copy(update=found)
        output_json.update(as_json(ours))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.running.runner is None:
            return
        file = self.running.file
        try:
            with self.running.interrupts.caught():
                self.running.close()
                if file is not None and not self.running.trouble:
                    self._publish(session, file)
        except KeyboardInterrupt:
            self._in_trouble(session, self._where_all_is(), pytest.ExitCode.INTERRUPTED)
        if file is not None:
            file.close()

    def _publish(self, session: pytest.Session, file: JournalFile) -> None:
        """Turns the journal into a results file, and draws the report of all results files.

        The journal of an interrupted run stays, so that the run can be resumed.
        """
        try:
            results = file.path.with_suffix(".json")
            write(results, self._content())
        except ResultsError as error:
            self._in_trouble(session, f"{error}; {file.advice}")
            return
        self.results = results
        tell_results(results)
        if self.register.complete:
            file.remove()
        self._draw(session)

    def _draw(self, session: pytest.Session) -> None:
        import report

        pages = self.running.pages
        assert self.results is not None
        try:
            self.verdicts = report.verdicts(self.results)
            self.ranking = report.ranking(self.results)
            self.report = pages.draw(self.results, self.display.say)
        except (report.ReportError, OSError) as error:
            self._in_trouble(session, f"the report {pages.index} cannot be drawn: {error}")
        if later := pages.later(self.results):
            self.display.warning(
                f"{later} began later, by this machine's clock: of cells that both have, the page "
                "shows that one's"
            )

    def _in_trouble(
        self,
        session: pytest.Session,
        trouble: str,
        code: pytest.ExitCode = pytest.ExitCode.INTERNAL_ERROR,
    ) -> None:
        self.running.trouble = trouble
        session.exitstatus = code

    def last_words(self) -> None:
        """Prints where the measurements are, just before the process ends."""
        self.display.last_words(self._where_all_is())

    def _where_all_is(self) -> str:
        """Returns a sentence on where the measurements are, for a run that ends without report."""
        file = self.running.file
        if file is None:
            return "interrupted"
        if self.results is not None and self.register.complete:
            return f"interrupted; the results are in {self.results}"
        return (
            f"interrupted; what was measured is in {file.path}, and "
            f"`{options.resuming(self.register.command)}` goes on from there"
        )

    def _content(self) -> dict[str, Any]:
        """Returns the JSON object that pytest-benchmark would write, even if no cell has a time."""
        session = self.config.pluginmanager.getplugin("pytest-benchmark")
        hook, benchmarks = self.config.hook, [entry for entry in session.benchmarks if entry]
        content: dict[str, Any] = hook.pytest_benchmark_generate_json(
            config=self.config,
            benchmarks=benchmarks,
            include_data=True,
            machine_info=session.get_machine_info(),
            commit_info=hook.pytest_benchmark_generate_commit_info(config=self.config),
        )
        hook.pytest_benchmark_update_json(
            config=self.config, benchmarks=benchmarks, output_json=content
        )
        return content

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.running.runner is not None:
            terminalreporter.flush()
            found = self.verdicts, self.ranking, self.results, self.report
            self.display.summary(self.register, *found)
            if self.results and not self.register.complete:
                hint = options.resuming(self.register.command)
                self.display.say(f"unfinished; `{hint}` goes on from here")
            self.display.say(self._of_budget())
            self.display.say(self.running.runner.spent.words())
            self.display.warning(self.noise.words())
            for words in overruns(self.register.records.values()):
                self.display.warning(words)
            self.display.trouble(self.running.trouble)

    def _of_budget(self) -> str:
        """Returns a line on how many questions a longer run would make sharp; empty if none.

        The line is also empty if the run has not finished.
        """
        runner = self.running.runner
        count = len(runner.wanting()) if runner and self.register.complete and self.results else 0
        of = len({cell.question for cell in self.register.cells})
        told = f"not sharp yet: {count} of {of} questions; a longer --budget goes on with them"
        return told if count else ""

    def pytest_unconfigure(self) -> None:
        self.display.close()
        self.running.cache.close()
