"""What an engine does not do, declared as data: of which part of SQL, when, why, and who lacks it.

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
from harness.errors import Unsupported


class Lack(StrEnum):
    """Who lacks something."""

    CANNOT = "cannot"  # the library: it has no such thing, or answers otherwise than SQL
    NOT_YET = "not yet"  # the compiler: nobody has written it for this library


Test = Callable[[exp.Expr], bool]
"""Whether a node of a query's SQL tree is what a gap is about."""


@dataclass(frozen=True)
class Gap:
    """One thing that an engine does not do.

    ``of`` is the kind of expression or of plan node. ``when`` names what of it is missing, in
    words; where it is empty, all of it is. ``test`` finds it in SQL, for engines that run SQL;
    emitters find it where they would have to write it. ``says`` are parts of what a library says
    when it runs into the gap: only then is it found.
    """

    of: Kind
    lack: Lack
    when: str = ""
    reason: str = ""
    test: Test | None = None
    says: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is missing, and why where that is known."""
        what = self.when or written(self.of)
        return f"{what} ({self.reason})" if self.reason else what

    def holds(self, e: exp.Expr) -> bool:
        """Whether a node of a SQL tree is what is missing; never for what shows as it runs."""
        if self.test is not None:
            return self.test(e)
        return not self.when and type(e) is self.of


def cannot(
    of: Kind, when: str = "", reason: str = "", test: Test | None = None, says: Iterable[str] = ()
) -> Gap:
    """A gap of the library."""
    return Gap(of, Lack.CANNOT, when, reason, test, tuple(says))


def not_yet(of: Kind, when: str = "", reason: str = "", test: Test | None = None) -> Gap:
    """A gap of the compiler."""
    return Gap(of, Lack.NOT_YET, when, reason, test)


class Refused(Unsupported):
    """A query that one engine does not do, by one of its gaps."""

    def __init__(self, label: str, gap: Gap, fragment: str | None = None, detail: str = "") -> None:
        self.gap = gap
        beginning = f"{label} cannot" if gap.lack is Lack.CANNOT else f"not yet for {label}"
        told = f"{gap.words}: {detail}" if detail else gap.words
        super().__init__(f"{beginning}: {told}", fragment)


class Gaps:
    """The gaps of one engine, looked up where a program is written."""

    def __init__(self, label: str, declared: Iterable[Gap]) -> None:
        self.label, self.declared = label, tuple(declared)
        self._named = {gap.when: gap for gap in self.declared if gap.when}
        self._whole = {gap.of: gap for gap in self.declared if not gap.when}

    def unsupported(self, when: str, fragment: str | None = None, detail: str = "") -> Refused:
        """The error for a gap by its words. Raises KeyError where none is declared by them."""
        return Refused(self.label, self._named[when], fragment, detail)

    def said(self, text: str) -> Refused | None:
        """The error for what a library says as it runs; None where no gap is known by that."""
        for gap in self.declared:
            if any(words in text for words in gap.says):
                return Refused(self.label, gap, detail=text.splitlines()[0])
        return None

    def missing(self, kind: Kind, fragment: str | None = None) -> Refused:
        """The error for a kind that an emitter has no method for."""
        return Refused(self.label, self._whole.get(kind) or not_yet(kind), fragment)

    def refuse(self, kind: Kind, fragment: str | None = None) -> None:
        """Raises Refused where the engine does not have a kind at all."""
        if kind in self._whole:
            raise self.missing(kind, fragment)
