"""Shows which functions and constructs of SQL each engine supports: tables, a list, or Markdown.

A table's cell is the outcome of compiling the construct's query for the engine. The lists are the
gaps that engines declare.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from harness import engines
from harness.engines.base import Engine
from harness.engines.constructs import CONSTRUCTS, TABLES, Construct, written
from harness.engines.gaps import Gap, Lack, Refused
from harness.errors import Unsupported
from harness.plan import CompiledQuery, compile_query
from harness.tables import Table

REFEREE = "duckdb"
"""The engine that runs SQL as it is written, and so has no gaps to show."""
OK, OK_BUT = "ok", "ok *"
LEGEND = (
    f"{OK_BUT}: but for cases that are listed, with all reasons, by "
    "harness doctor --functions --engine NAME\n"
    f"{Lack.CANNOT}: the library lacks it; {Lack.NOT_YET}: nobody has written it for this engine"
)
_COLOURS = {OK: "green", OK_BUT: "green", Lack.CANNOT: "red", Lack.NOT_YET: "yellow"}
_LABEL, _CELL = 25, 8
"""The widths of the columns for constructs and for an engine, in characters."""
Matrix = Mapping[Construct, Mapping[str, str]]


def matrix(names: Sequence[str]) -> Matrix:
    """Returns, by construct and engine, whether the engine has a program for the construct's query.

    The values are texts: ok, ok * (it compiles, but a declared gap excludes some cases), cannot,
    and not yet.
    """
    tables = {name: Table(name, schema, 1) for name, schema in TABLES.items()}
    chosen = {name: engines.get(name) for name in names}
    found = {}
    for each in CONSTRUCTS:
        query = compile_query(each.sql, TABLES)
        found[each] = {name: _cell(e, each, query, tables) for name, e in chosen.items()}
    return found


def _cell(
    engine: Engine, each: Construct, query: CompiledQuery, tables: Mapping[str, Table]
) -> str:
    try:
        engine.compile(query, tables, engine.usual_input)
    except Refused as error:
        return error.gap.lack
    except Unsupported:
        return Lack.NOT_YET
    return OK_BUT if any(gap.of is each.kind for gap in engine.gaps) else OK


def as_tables(found: Matrix, width: int) -> RenderableType:
    """Returns what the terminal shows of ``found``, a `matrix`: tables, a list, and a legend.

    The tables have the constructs that some engine lacks, and as many engines each as fit
    ``width``; the list names the constructs that every engine has.
    """
    lacking = {each: row for each, row in found.items() if set(row.values()) - {OK, OK_BUT}}
    names = list(next(iter(found.values())))
    parts: list[RenderableType] = []
    for chunk in _fitting(names, width):
        parts += [_grid(lacking, chunk), ""]
    everywhere = dict.fromkeys(each.written for each in found if each not in lacking)
    return Group(*parts, Text("on every engine:"), Text(_flowing(everywhere, width)), Text(LEGEND))


def _flowing(texts: Iterable[str], width: int) -> str:
    """Joins texts by `` · `` into lines of at most ``width`` characters; no text is broken."""
    joined = " · ".join(text.replace(" ", "\N{NO-BREAK SPACE}") for text in texts)
    return textwrap.fill(joined, width).replace("\N{NO-BREAK SPACE}", " ") + "\n"


def _fitting(names: Sequence[str], width: int) -> Iterator[list[str]]:
    chunk: list[str] = []
    for name in names:
        if chunk and _LABEL + sum(map(_width, [*chunk, name])) > width:
            yield chunk
            chunk = []
        chunk.append(name)
    if chunk:
        yield chunk


def _width(name: str) -> int:
    return max(_CELL, *(len(part) + 2 for part in name.split("-")))


def _grid(found: Matrix, names: Sequence[str]) -> Grid:
    headers = [name.replace("-", "-\n") for name in names]
    grid = Grid("", *headers, box=None, padding=(0, 1, 0, 0))
    for group, rows in groupby(found.items(), key=lambda item: item[0].group):
        grid.add_row(Text(group, style="bold"))
        for each, row in rows:
            cells = [Text(row[name], style=_COLOURS[row[name]]) for name in names]
            grid.add_row(Text(each.written), *cells)
    return grid


def as_list(name: str) -> RenderableType:
    """Returns the list of an engine's gaps, and of special values that it treats differently."""
    engine = engines.get(name)
    parts: list[RenderableType] = [Text(_heading(engine), style="bold")]
    for title, lines in _lists(engine):
        grid = Grid(box=None, show_header=False, padding=(0, 2, 0, 2))
        for construct, words in lines:
            grid.add_row(Text(construct), Text(words))
        parts += ["", Text(title, style="bold"), grid]
    return Group(*parts)


def _heading(engine: Engine) -> str:
    cells = [row[engine.name] for row in matrix([engine.name]).values()]
    done = sum(cell in (OK, OK_BUT) for cell in cells)
    return f"{engine.label}: {done} of {len(cells)} functions and constructs"


def _lists(engine: Engine) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for lack, title in (
        (Lack.CANNOT, "cannot: the library lacks it, or answers otherwise than SQL"),
        (Lack.NOT_YET, "not yet: nobody has written it for this engine"),
    ):
        if lines := [_line(gap) for gap in engine.gaps if gap.lack is lack]:
            yield title, sorted(lines)
    if lines := list(_values(engine)):
        yield "other values: refused where the data may have them", sorted(lines)


def _line(gap: Gap) -> tuple[str, str]:
    if gap.when:
        return written(gap.of), gap.words
    return written(gap.of), f"always: {gap.reason}" if gap.reason else "always"


def _values(engine: Engine) -> Iterator[tuple[str, str]]:
    for kind, specials in engine.special_differs.items():
        yield written(kind), "; ".join(sorted(specials))
    for use in engine.nan_differs:
        yield "NaN", f"floats that may be NaN, {use}"


def as_markdown(names: Sequence[str]) -> str:
    """Returns the content of ``docs/CAPABILITIES.md``: what each engine supports."""
    found = matrix(names)
    parts = [_ABOUT]
    for group, rows in groupby(found.items(), key=lambda item: item[0].group):
        parts.append(f"## {group}\n\n| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
        for each, row in rows:
            cells = " | ".join(row[name] for name in names)
            parts[-1] += f"\n| `{_escaped(each.written)}` | {cells} |"
    parts.append(_AT_ONCE)
    for engine in map(engines.get, engines.names()):
        clients = engine.clients
        parts[-1] += f"\n| {engine.label} | {clients.sharing or 'one only'} | {clients.reason} |"
    for name in names:
        parts.append(f"## {engines.get(name).label}")
        for title, lines in _lists(engines.get(name)):
            listed = "\n".join(f"- `{what}`: {words}" for what, words in lines)
            parts.append(f"### {title[0].upper()}{title[1:]}\n\n{listed}")
    return "\n\n".join(parts).replace(" * |", " \\* |") + "\n"


_ABOUT = f"""# What each engine does

Written by `harness doctor --functions --markdown`. A cell says what the compiler makes of a query
that uses the construct; tests run these queries, too. DuckDB runs SQL as it is written, and does
all of it. `{OK}`: right; `{OK_BUT}`: right, but for cases that are listed below; `{Lack.CANNOT}`:
the library lacks it, or answers otherwise than SQL; `{Lack.NOT_YET}`: nobody has written it for
this engine. A query that is not done is `unsupported`, with the reason, and has no time."""


_AT_ONCE = """## Several clients at once (`--clients`)

| engine | its clients are | because |
|---|---|---|"""


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
