"""The journal of a run that did not come to its end -> the results file that it would have left."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

SUFFIX = ".journal"


def document(text: bytes) -> dict[str, Any]:
    """The results file's JSON, of an interrupted run. Raises ValueError where it is no journal.

    The first line is the file as it was before the first cell; each other one is a cell that has
    ended. A last line without an end was being written when the run was killed.
    """
    lines = text[: text.rfind(b"\n") + 1].splitlines()
    if not lines:
        raise ValueError("it has no line that is whole")
    head, *entries = (from_json(line, allow_inf_nan=False) for line in lines)
    places = {_key(cell): place for place, cell in enumerate(head["cells"])}
    for entry in {_key(entry["cell"]): entry for entry in entries}.values():
        head["cells"][places[_key(entry["cell"])]] = entry["cell"]
        head["benchmarks"] += [entry["benchmark"]] if entry["benchmark"] else []
        head["noise"] = entry.get("noise")
    content: dict[str, Any] = head
    return content


def _key(cell: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(cell[name] for name in _NAMES)


_NAMES = ("workload", "query", "engine", "size", "input", "threads")
