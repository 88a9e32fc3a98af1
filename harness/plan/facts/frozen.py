"""A class of plain fields -> a frozen dataclass whose hash is worked out once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Kind = TypeVar("_Kind")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[_Kind]) -> type[_Kind]:
    """A frozen dataclass that works out its hash once, since plans are deep and looked up often."""
    made = dataclass(frozen=True)(kind)
    computed = made.__hash__

    def hash_once(self: _Kind) -> int:
        kept = self.__dict__
        if "_hash" not in kept:
            kept["_hash"] = computed(self)
        known: int = kept["_hash"]
        return known

    made.__hash__ = hash_once  # type: ignore[method-assign, assignment]
    return made
