"""Two runs -> what changed from the first to the second, cell by cell, with a verdict on each.

A cell is faster or slower if the 95% interval of after ÷ before excludes 1. If the interval covers
1, the verdict is a tie for a narrow interval and "not told apart" for a wide one. A metric of a
single number, or of too few rounds, has no interval; then values that differ by less than
TIE_MARGIN are "not told apart".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.records.limits import clients_name, limit_name
from report.compare.metrics import DEFAULT, Metric
from report.compare.resampling import ratio_between
from report.compare.statistics import Estimate, MeanRatio, Ratio, geometric_mean
from report.errors import ReportError
from report.read.frame import ResultCell, cells_of
from report.read.sources import RunFile

FIELDS = ("workload", "query", "engine", "size", "input", "threads", "memory_limit", "clients")
"""What a cell is matched by; the machine and the engine's version are not."""
ALIASED = FIELDS[2:]
Key = tuple[str, ...]
"""A cell's FIELDS."""


class NothingInCommon(ReportError):
    """Raised where two runs have no cell in common."""

    exit_code = 2


class ChangeVerdict(StrEnum):
    """How a cell changed between two runs; the most important verdicts come first."""

    LOST = "lost"
    """It was ok before and is not any more."""
    SLOWER = "slower"
    GAINED = "gained"
    """It is ok now and was not before."""
    FASTER = "faster"
    UNCLEAR = "not told apart"
    """The interval is too wide for any other verdict."""
    TIE = "tie"
    """The two values are equal within TIE_MARGIN."""
    NONE = "no value"
    """Neither side has a value, or one of the values is 0, so that there is no ratio."""


@dataclass(frozen=True)
class Side:
    """A cell in one of two compared runs; ``estimate`` is None if the cell has no value."""

    cell: ResultCell
    estimate: Estimate | None


@dataclass(frozen=True)
class Change:
    """How a cell changed from the first run to the second; ``ratio`` is after ÷ before."""

    before: Side
    after: Side
    verdict: ChangeVerdict
    ratio: Ratio | None = None

    @property
    def nearest(self) -> float:
        """Returns the interval's end on the side of 1, or the ratio if it has no interval.

        That is the lower end of a ratio above 1, else the upper one. It is 1 if there is no ratio.
        """
        if self.ratio is None:
            return 1.0
        low, high = self.ratio.interval or (self.ratio.value, self.ratio.value)
        return low if self.ratio.value > 1 else high

    def may_regress(self, above: float) -> bool:
        """Returns whether a cell not told apart may be worse by more than ``above`` (0.05: 5%)."""
        if self.verdict is not ChangeVerdict.UNCLEAR or self.ratio is None:
            return False
        return (self.ratio.interval or (0.0, self.ratio.value))[1] > 1 + above

    def is_regression(self, above: float) -> bool:
        """Returns whether the whole interval shows a cell worse by more than ``above`` (0.05: 5%).

        A cell that lost its time is always a regression; a cell that is not told apart never is.
        """
        if self.verdict is ChangeVerdict.LOST:
            return True
        return self.verdict is ChangeVerdict.SLOWER and self.nearest > 1 + above


@dataclass(frozen=True)
class Changes:
    """What changed between two runs, cell by cell: the most important changes first.

    ``changes`` are of cells that both runs have. ``gone`` are the cells of only the first run,
    ``new`` those of only the second. ``rewritten`` are cells of both runs whose SQL differs, so
    that their times cannot be compared.
    """

    before: RunFile
    after: RunFile
    metric: Metric
    changes: tuple[Change, ...]
    gone: tuple[ResultCell, ...]
    new: tuple[ResultCell, ...]
    rewritten: tuple[ResultCell, ...]

    def of(self, engine: str | None) -> tuple[Change, ...]:
        """Returns the changes of one engine, named as in the second run; all changes for None."""
        return tuple(c for c in self.changes if engine in (None, c.after.cell.engine.name))

    def counts(self, engine: str | None = None) -> dict[ChangeVerdict, int]:
        found = Counter(change.verdict for change in self.of(engine))
        return {verdict: found[verdict] for verdict in ChangeVerdict}

    def mean(self, engine: str | None = None) -> MeanRatio | None:
        """Returns the geometric mean of after ÷ before over the cells that have this ratio."""
        return geometric_mean([c.ratio for c in self.of(engine) if c.ratio is not None])

    def regressions(self, above: float) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.is_regression(above))

    def unsure(self, above: float) -> tuple[Change, ...]:
        """Returns the changes not told apart that may be worse by more than ``above`` (a share)."""
        return tuple(change for change in self.changes if change.may_regress(above))


@dataclass(frozen=True)
class Alias:
    """Lets two runs be compared though a name differs: engine ``before`` with engine ``after``.

    The first run's cells that have ``before`` in ``field`` ("engine", "size" …) are compared with
    the second run's cells that have ``after``. The first run's cells with ``after`` are left out.
    """

    field: str
    before: str
    after: str


def alias_of(text: str) -> Alias:
    """Returns the alias that ``A=B`` or ``FIELD:A=B`` means; without FIELD it is for engines."""
    left, equals, after = text.partition("=")
    field, colon, before = left.rpartition(":")
    field = field if colon else "engine"
    if not (equals and before and after and field in ALIASED):
        raise ReportError(
            f"--alias {text!r} is not [FIELD:]A=B with a FIELD of {', '.join(ALIASED)}"
        )
    return Alias(field, before, after)


def compare_runs(
    before: RunFile, after: RunFile, metric: Metric = DEFAULT, aliases: Sequence[Alias] = ()
) -> Changes:
    """Matches the cells of two runs and judges each pair.

    Raises NothingInCommon if no cell of one run can be compared with a cell of the other.
    """
    old, new = _by_key(before), _by_key(after)
    for alias in aliases:
        old = _renamed(old, alias)
    common = [key for key in new if key in old]
    if not common:
        raise NothingInCommon(_nothing(old, new))
    rewritten = {key for key in common if _sql(before, old[key]) != _sql(after, new[key])}
    if len(rewritten) == len(common):
        raise NothingInCommon("the SQL of every query that the two runs share has been changed")
    changes = [judge(old[key], new[key], metric) for key in common if key not in rewritten]
    return Changes(
        before=before,
        after=after,
        metric=metric,
        changes=tuple(sorted(changes, key=importance)),
        gone=tuple(cell for key, cell in old.items() if key not in new),
        new=tuple(cell for key, cell in new.items() if key not in old),
        rewritten=tuple(new[key] for key in common if key in rewritten),
    )


def judge(before: ResultCell, after: ResultCell, metric: Metric) -> Change:
    """Returns how a cell changed from the first run to the second, by one metric."""
    then, now = Side(before, metric.estimate(before)), Side(after, metric.estimate(after))
    if (before.outcome == "ok") != (after.outcome == "ok"):
        return Change(
            then, now, ChangeVerdict.LOST if before.outcome == "ok" else ChangeVerdict.GAINED
        )
    if then.estimate is None or now.estimate is None:
        return Change(then, now, ChangeVerdict.NONE)
    ratio = ratio_between(now.estimate, then.estimate)
    return Change(then, now, ChangeVerdict.NONE if ratio is None else verdict_on(ratio), ratio)


def verdict_on(ratio: Ratio) -> ChangeVerdict:
    """Returns faster, slower, a tie or not told apart, from a ratio after ÷ before."""
    if ratio.covers_one:
        return ChangeVerdict.TIE if ratio.is_tie else ChangeVerdict.UNCLEAR
    return ChangeVerdict.SLOWER if ratio.value > 1 else ChangeVerdict.FASTER


def importance(change: Change) -> tuple[int, float]:
    """Returns a sort key by which the most important change is first.

    It orders by verdict, then by how far the ratio is from 1, in either direction.
    """
    ratio = change.ratio.value if change.ratio is not None else 1.0
    return list(ChangeVerdict).index(change.verdict), -max(ratio, 1 / ratio)


def _by_key(run: RunFile) -> dict[Key, ResultCell]:
    """Returns the run's cells by their FIELDS (workload, query, engine …).

    Cells that an interrupted run did not reach are left out.
    """
    return {_key(cell): cell for cell in cells_of(run.file) if cell.outcome != "skipped"}


def _key(cell: ResultCell) -> Key:
    where = cell.setting
    parts = (where.workload, cell.query, cell.engine.name, where.size, where.input, where.threads)
    return (*map(str, parts), limit_name(where.memory_limit), clients_name(where.clients))


def _renamed(cells: Mapping[Key, ResultCell], alias: Alias) -> dict[Key, ResultCell]:
    """Returns the first run's cells, with the alias' ``after`` in place of its ``before`` in keys.

    Cells that had ``after`` are left out.
    """
    at = FIELDS.index(alias.field)
    found = {key[at] for key in cells}
    if alias.before not in found:
        raise NothingInCommon(
            f"the first run has no {alias.field} {alias.before!r}; it has {_listed(found)}"
        )
    others = {k: cell for k, cell in cells.items() if k[at] not in (alias.before, alias.after)}
    moved = {
        (*key[:at], alias.after, *key[at + 1 :]): cell
        for key, cell in cells.items()
        if key[at] == alias.before
    }
    return others | moved


def _sql(run: RunFile, cell: ResultCell) -> str:
    return run.file.workloads[cell.setting.workload].queries[cell.query].sql


def _nothing(old: Iterable[Key], new: Iterable[Key]) -> str:
    """Returns a sentence on why no cell matches: the first field in which no value is common."""
    for at, field in enumerate(FIELDS):
        one, other = {key[at] for key in old}, {key[at] for key in new}
        if not one & other:
            values = f"the first has {field} {_listed(one)}, the second {_listed(other)}"
            hint = f"; see --alias {field}:A=B" if field in ALIASED else ""
            return f"the two runs have no cell in common: {values}{hint}"
    return "the two runs have no cell in common"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "nothing"
