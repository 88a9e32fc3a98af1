"""A `Comparison` -> the parts of the page as they stand before the reader chooses anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from report import names, wording
from report.comparison import Comparison, Entry, Score, Task
from report.frame import Cell, Engine, Results, Setting
from report.highlight import highlight
from report.metrics import DEFAULT
from report.names import Column

MOST_FINDINGS = 8
DARKEST_RATIO = 32.0
"""A cell is darkest from this ratio on; the scale is even in the ratio's logarithm."""
DEEP = 0.625
"""Beyond this share of the scale the text changes from dark to light (or, in the dark theme, from
light to dark): the two colours of static/page.css are equally legible here, at 4.5 to 1."""


@dataclass(frozen=True)
class MatrixCell:
    """One engine's cell of a task; ``entry`` is None where the cell was not asked."""

    column: Column
    entry: Entry | None
    value: str = ""
    ratio: str = ""
    mark: str = ""
    heat: float = 0.0

    @property
    def deep(self) -> bool:
        return self.heat > DEEP


@dataclass(frozen=True)
class MatrixRow:
    task: Task
    title: str
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True)
class Matrix:
    """One setting: its queries by engine."""

    index: int
    setting: Setting
    title: str
    label: str
    columns: tuple[Column, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True)
class Finding:
    """A sentence over one or several settings; ``settings`` are their places."""

    settings: tuple[int, ...]
    title: str
    label: str
    text: str


@dataclass(frozen=True)
class RankingRow:
    column: Column
    score: Score
    wins: int


@dataclass(frozen=True)
class ProgramView:
    """A program as it was run, and where: its settings in words, empty where there is only one."""

    column: Column
    sha256: str
    used: str
    text: str
    html: Markup


@dataclass(frozen=True)
class TaskView:
    task: Task
    index_of_setting: int
    label: str
    verdict: str
    older: tuple[Cell, ...]


@dataclass(frozen=True)
class QueryView:
    """One query of a workload in all its settings."""

    workload: str
    name: str
    title: str
    sql: Markup
    sql_text: str
    plan: str | None
    tasks: tuple[TaskView, ...]
    programs: tuple[ProgramView, ...]

    @property
    def sizes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(view.task.setting.size for view in self.tasks))


class View:
    """Builds the parts from one comparison; nothing here depends on what the reader chooses."""

    def __init__(self, results: Results, comparison: Comparison) -> None:
        self.results, self.comparison = results, comparison
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

    def ranking(self) -> list[RankingRow]:
        winners = [task.winners() for task in self.comparison.tasks]
        return [
            RankingRow(self.column(s.engine), s, sum(s.engine in each for each in winners))
            for s in self.comparison.scores
        ]

    def findings(self) -> list[Finding]:
        """A sentence for each setting, or for several together where they would be too many."""
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
        return Finding(places, title, label, wording.finding(tasks, self.label))

    def matrices(self) -> list[Matrix]:
        return [self._matrix(*pair) for pair in enumerate(self.comparison.settings)]

    def _matrix(self, index: int, setting: Setting) -> Matrix:
        tasks = self.comparison.of(setting)
        asked = {engine for task in tasks for engine in task.entries}
        columns = tuple(column for column in self.columns if column.engine in asked)
        return Matrix(
            index=index,
            setting=setting,
            title=self.results.workloads[setting.workload].title,
            label=self.setting(setting),
            columns=columns,
            rows=tuple(self._row(task, columns) for task in tasks),
        )

    def _row(self, task: Task, columns: Iterable[Column]) -> MatrixRow:
        cells = tuple(matrix_cell(task, column) for column in columns)
        title = self.results.workloads[task.setting.workload].queries[task.query].title
        return MatrixRow(task, title, cells)

    def untimed(self) -> list[tuple[Task, Entry]]:
        """The cells without a time, in the page's order."""
        return [
            (task, entry)
            for task in self.comparison.tasks
            for entry in task.entries.values()
            if entry.cell.outcome != "ok"
        ]

    def queries(self) -> list[QueryView]:
        grouped: dict[tuple[str, str], list[Task]] = {}
        for task in self.comparison.tasks:
            grouped.setdefault((task.setting.workload, task.query), []).append(task)
        return [self._query(*key, tasks) for key, tasks in grouped.items()]

    def _query(self, workload: str, name: str, tasks: Sequence[Task]) -> QueryView:
        entry = self.results.workloads[workload].queries[name]
        return QueryView(
            workload=workload,
            name=name,
            title=entry.title,
            sql=highlight(entry.sql, "sql"),
            sql_text=entry.sql,
            plan=entry.plan,
            tasks=tuple(self._task(task) for task in tasks),
            programs=self._programs(tasks),
        )

    def _task(self, task: Task) -> TaskView:
        older = tuple(
            cell
            for cell in self.results.superseded
            if cell.setting == task.setting and cell.query == task.query and cell.outcome == "ok"
        )
        at = self.comparison.settings.index(task.setting)
        verdict = wording.verdict(task, self.label)
        return TaskView(task, at, self.setting(task.setting), verdict, older)

    def _programs(self, tasks: Sequence[Task]) -> tuple[ProgramView, ...]:
        """Each engine's programs once, though several settings may share one."""
        used: dict[tuple[Engine, str], list[str]] = {}
        for task in tasks:
            for engine, entry in task.entries.items():
                if (sha := entry.cell.program_sha256) is not None:
                    used.setdefault((engine, sha), []).append(self.setting(task.setting))
        order = sorted(used, key=lambda key: self.column(key[0]).index)
        return tuple(
            self._program(engine, sha, used[engine, sha], len(tasks)) for engine, sha in order
        )

    def _program(
        self, engine: Engine, sha256: str, settings: Sequence[str], tasks: int
    ) -> ProgramView:
        column, text = self.column(engine), self.results.programs[sha256]
        where = "" if len(settings) == tasks else "; ".join(settings)
        return ProgramView(column, sha256, where, text, highlight(text, column.language))


def matrix_cell(task: Task, column: Column) -> MatrixCell:
    """The cell on the default metric, with its ratio to the best."""
    entry, best = task.entries.get(column.engine), task.best()
    value = entry.value(DEFAULT) if entry is not None else None
    lowest = best.value(DEFAULT) if best is not None else None
    if entry is None or value is None or lowest is None:
        return MatrixCell(column, entry)
    ratio = value / lowest if lowest > 0 else None
    winners = task.winners()
    mark = "≈" if column.engine in winners and len(winners) > 1 else ""
    text = "" if ratio is None else wording.times(ratio)
    return MatrixCell(column, entry, wording.amount(value, DEFAULT.unit), text, mark, heat(ratio))


def heat(ratio: float | None) -> float:
    """Where a ratio stands on the colour scale, 0 (as good as the best) to 1."""
    if ratio is None or ratio <= 1:
        return 0.0
    return round(min(math.log(ratio) / math.log(DARKEST_RATIO), 1.0), 3)
