"""Gaps, as data: what an engine does not do, in which case, why, and who lacks it.

An engine's ``gaps`` is the only list of them. Emitters and engines of SQL refuse a query by a gap
that is declared there, ``harness doctor --functions`` prints them, and ``docs/CAPABILITIES.md`` is
made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from harness.engines.constructs import Kind, written
from harness.engines.session import Lacking
from harness.errors import Unsupported
from harness.plan.facts.printing import in_sql
from harness.plan.tree.nodes import Scan


class Lack(StrEnum):
    """What is behind a gap: the library lacks something, or nobody has written the code yet."""

    CANNOT = "cannot"  # the library: it has no such thing, or answers otherwise than SQL
    NOT_YET = "not yet"  # the compiler: nobody has written it for this library


Test = Callable[[exp.Expr], bool]
"""Returns True if a node of a query's SQL tree falls into a gap."""


@dataclass(frozen=True)
class Gap:
    """One thing that an engine does not do.

    ``of`` is the kind of expression or plan node. ``when`` names the missing case in words; an
    empty one means that the whole kind is missing. Emitters look a gap up by ``when`` at the
    place that would have to handle it. Engines that run SQL find it by ``test``, or by ``says``:
    parts of the messages that the library raises.
    """

    of: Kind
    lack: Lack
    when: str = ""
    reason: str = ""
    test: Test | None = None
    says: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is missing, with the reason where there is one."""
        what = self.when or written(self.of)
        return f"{what} ({self.reason})" if self.reason else what

    def holds(self, e: exp.Expr) -> bool:
        """True if an expression of a SQL tree falls into this gap, by the gap's test.

        Without a test it does if it is of the gap's kind, and the whole kind is missing.
        """
        if self.test is not None:
            return self.test(e)
        return not self.when and type(e) is self.of


def cannot(
    of: Kind, when: str = "", reason: str = "", test: Test | None = None, says: Iterable[str] = ()
) -> Gap:
    """Declares a gap: the library lacks something, or answers it differently from DuckDB.

    The arguments are fields of `Gap`.
    """
    return Gap(of, Lack.CANNOT, when, reason, test, tuple(says))


def not_yet(of: Kind, when: str = "", reason: str = "", test: Test | None = None) -> Gap:
    """Declares a gap: nobody has written this harness's code for something that the library has.

    The arguments are fields of `Gap`.
    """
    return Gap(of, Lack.NOT_YET, when, reason, test)


BATCHES = not_yet(exp.Select, "rows in batches, for training")
TABLE_ORDER = cannot(Scan, "rows in the order of their table", "SQL promises none without ORDER BY")


class Refused(Unsupported):
    """Raised for a query that falls into a gap of an engine; the message gives the reason."""

    def __init__(self, label: str, gap: Gap, fragment: str | None = None, detail: str = "") -> None:
        self.gap = gap
        message = told(label, gap)
        super().__init__(f"{message}: {detail}" if detail else message, fragment)


def told(label: str, gap: Gap) -> str:
    """Returns the words that tell people of a gap: ``Polars cannot: …``, ``not yet for …``."""
    beginning = f"{label} cannot" if gap.lack is Lack.CANNOT else f"not yet for {label}"
    return f"{beginning}: {gap.words}"


class Gaps:
    """The gaps of one engine, found by words or by kind. Its session finds them by messages."""

    def __init__(self, label: str, declared: Iterable[Gap]) -> None:
        self.label, self.declared = label, tuple(declared)
        self._named = {gap.when: gap for gap in self.declared if gap.when}
        self._whole = {gap.of: gap for gap in self.declared if not gap.when}

    @property
    def lacking(self) -> tuple[Lacking, ...]:
        """The gaps as sessions know them: those with words, or with messages of the library."""
        return tuple(
            Lacking(gap.when, told(self.label, gap), gap.says)
            for gap in self.declared
            if gap.when or gap.says
        )

    def unsupported(self, when: str, fragment: str | None = None, detail: str = "") -> Refused:
        """The error for the gap that is declared with these words as its ``when``.

        ``fragment`` is the SQL that falls into the gap, ``detail`` ends the message. Raises
        KeyError if the engine declares no gap with these words.
        """
        return Refused(self.label, self._named[when], fragment, detail)

    def missing(self, kind: Kind, fragment: str | None = None) -> Refused:
        """The error for a kind of node or expression that an emitter has no method for."""
        return Refused(self.label, self._whole.get(kind) or not_yet(kind), fragment)

    def refuse(self, kind: Kind, e: exp.Expr | None = None) -> None:
        """Raises Refused if a whole kind is declared as missing.

        ``e`` is an expression of this kind, which the message shows.
        """
        if kind in self._whole:
            raise self.missing(kind, None if e is None else in_sql(e))
