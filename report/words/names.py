"""Returns the names by which the page shows engines, settings and outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.records.limits import limit_name
from report.look.colours import Shades, shades
from report.read.frame import EngineStyle, EngineVersion, Setting

SIGNS = {
    "wrong": "≠",
    "unsupported": "∅",
    "unavailable": "○",
    "error": "!",
    "timeout": "…",
    "oom": "↑",
    "skipped": "»",
}
WORDS = {"oom": "out of memory", "error": "error", "wrong": "wrong answer"}
"""Outcomes that are shown under another word than their name."""
INPUTS = {"memory": "from memory", "parquet": "from Parquet", "csv": "from CSV"}
OLDER_FADE = 0.55
LONGEST_HEADING = 60
"""The most characters of a heading that names several workloads."""
BIDI_CONTROLS = dict.fromkeys(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd"
)
"""Characters that would reverse the text around a label inside a sentence."""
OF_ALL_OBJECTS = frozenset(
    {
        *("__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
        *("__proto__", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable"),
        *("toLocaleString", "toString", "valueOf"),
    }
)
"""JavaScript's names in every object, under which Vega cannot group an engine's marks."""


def readable(text: str) -> str:
    """Returns a text with U+FFFD for characters that set a direction, as from right to left.

    They would also reverse the text around it. A name that every JavaScript object has as a
    property, such as ``constructor``, is put in quotation marks.
    """
    return f"“{text}”" if text in OF_ALL_OBJECTS else text.translate(BIDI_CONTROLS)


@dataclass(frozen=True)
class EngineColumn:
    """An engine in one version as the page shows it; ``id`` names it in the page's URL."""

    index: int
    engine: EngineVersion
    id: str
    label: str
    version: str
    language: str
    shades: Shades


def columns(
    engines: Iterable[EngineVersion], styles: dict[str, EngineStyle]
) -> tuple[EngineColumn, ...]:
    """Returns a column for each engine; labels have a version if an engine has several."""
    engines = tuple(engines)
    versions = Counter(engine.name for engine in engines)
    newest = _newest(engines)
    labels = Counter(styles[name].label for name in versions)
    return tuple(
        _column(index, engine, _distinct(engine, styles, labels), versions[engine.name] > 1, newest)
        for index, engine in enumerate(engines)
    )


def _column(
    index: int,
    engine: EngineVersion,
    style: EngineStyle,
    several: bool,
    newest: dict[str, EngineVersion],
) -> EngineColumn:
    version = engine.version or "not installed"
    label = readable(style.label)
    return EngineColumn(
        index=index,
        engine=engine,
        id=f"{engine.name} {version}" if several else engine.name,
        label=f"{label} {version}" if several else label,
        version=version,
        language=style.language,
        shades=shades(style.colour, 0.0 if newest[engine.name] == engine else OLDER_FADE),
    )


def _distinct(
    engine: EngineVersion, styles: dict[str, EngineStyle], labels: Counter[str]
) -> EngineStyle:
    """Returns how an engine is shown; if others have the same label, its name is added to it.

    ``labels`` counts the engines by label.
    """
    style = styles[engine.name]
    return (
        style
        if labels[style.label] == 1
        else replace(style, label=f"{style.label} ({engine.name})")
    )


def _newest(engines: tuple[EngineVersion, ...]) -> dict[str, EngineVersion]:
    """Returns, by name, each engine in its highest version; 10 is higher than 9."""
    return {engine.name: engine for engine in sorted(engines, key=_version_order)}


def _version_order(engine: EngineVersion) -> list[tuple[int, str]]:
    parts = (engine.version or "").replace("-", ".").split(".")
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def setting(setting: Setting, machines: int = 1) -> str:
    """Returns a setting as ``from memory · medium · 2 threads``; of several machines also which.

    A memory limit follows if the run measured several, and the number of clients likewise.
    """
    limit = [] if setting.memory_limit is None else [limit_name(setting.memory_limit)]
    clients = [] if setting.clients is None else [_of("client", setting.clients)]
    parts = [source(setting.input), setting.size, _of("thread", setting.threads), *limit, *clients]
    text = " · ".join([*parts, setting.machine] if machines > 1 else parts)
    return readable(text)


def _of(noun: str, count: int) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def source(name: str) -> str:
    """Returns in words where an input is read from: ``from CSV`` for ``csv``."""
    return readable(INPUTS.get(name, f"from {name}"))


def short(title: str) -> str:
    """Returns the part of a workload's title that stands before a colon."""
    return readable(title).partition(": ")[0]


def heading(titles: Iterable[str]) -> str:
    """Returns one line with the titles of workloads: the title of one, short titles of several.

    If the line would be too long, the last titles are replaced by their number.
    """
    listed = list(dict.fromkeys(map(readable, titles)))
    if len(listed) == 1:
        return listed[0]
    parts = list(map(short, listed))
    for count in range(len(parts), 1, -1):
        rest = [f"{len(parts) - count} more"] if count < len(parts) else []
        text = " · ".join([*parts[:count], *rest])
        if len(text) <= LONGEST_HEADING:
            return text
    return f"{parts[0]} · {len(parts) - 1} more"


def outcome(outcome: str) -> str:
    """Returns an outcome's sign and word, such as ``↑ out of memory``; ok has no sign."""
    return f"{SIGNS.get(outcome, '')} {WORDS.get(outcome, outcome)}".strip()
