"""A class of plain fields -> a frozen dataclass that computes its hash once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Kind = TypeVar("_Kind")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[_Kind]) -> type[_Kind]:
    """Makes a class a frozen dataclass whose objects compute their hash once, then store it.

    Computing the hash of a deep plan is slow.
    """
    made = dataclass(frozen=True)(kind)
    computed = made.__hash__

    def hash_once(self: _Kind) -> int:
        fields = self.__dict__
        if "_hash" not in fields:
            fields["_hash"] = computed(self)
        cached: int = fields["_hash"]
        return cached

    made.__hash__ = hash_once  # type: ignore[method-assign, assignment]
    return made
