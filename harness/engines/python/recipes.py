"""Finds the functions that a program needs of those that are kept as source text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


def called_in(statements: Sequence[str], recipes: Mapping[str, str]) -> list[str]:
    """Returns the sources of the functions that statements call, in the order of ``recipes``.

    ``recipes`` maps the name of a function or class to its source. Those that such a function calls
    are among them.
    """
    text, needed = "\n".join(statements), set[str]()
    while new := {n for n in recipes if re.search(rf"(?<![\w.]){n}\(|, {n}\)", text)} - needed:
        needed |= new
        text = "\n".join(recipes[name] for name in new)
    return [text.strip("\n") for name, text in recipes.items() if name in needed]
