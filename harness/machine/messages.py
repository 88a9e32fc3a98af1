"""Requests to a worker and its replies -> bytes in a pipe, and back.

A request is a frozen dataclass that derives from `Request` of the type of its reply. What is sent
is pickled: both ends are one release of the harness, and a worker runs as the same user as its
parent, so that nothing can be gained by a forged message.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, Generic, TypeVar

LENGTH_BYTES = 8
"""Before each message stands its length."""

Reply = TypeVar("Reply")


class Request(Generic[Reply]):
    """What a worker can be asked to do; ``Reply`` is the type of what it sends back."""


@dataclass(frozen=True)
class Start(Request[None]):
    """The first request to a worker that needs no more than to be started."""


class FailureKind(StrEnum):
    """What a failure says of the engine, or other library, that raised it."""

    ERROR = "error"
    OUT_OF_MEMORY = "out of memory"
    UNSUPPORTED = "unsupported"  # it cannot do what it was asked to


@dataclass(frozen=True)
class Failure:
    """The reply to a request that raised an error: its type and the start of its message."""

    error: str
    message: str
    kind: FailureKind


def encode(message: object) -> bytes:
    """A message with its length before it. Raises what pickle raises."""
    content = pickle.dumps(message)
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def decode(content: bytes) -> Any:
    """The message that these bytes, without their length, stand for."""
    return pickle.loads(content)


def take(buffer: bytearray) -> bytes | None:
    """Removes a message's bytes from the front of a buffer; None where some are not there yet."""
    end = LENGTH_BYTES + int.from_bytes(buffer[:LENGTH_BYTES], "big")
    if len(buffer) < end:
        return None
    content = bytes(buffer[LENGTH_BYTES:end])
    del buffer[:end]
    return content


def read(stream: BinaryIO) -> bytes | None:
    """Waits for the next message's bytes; None at the end of the stream."""
    length = stream.read(LENGTH_BYTES)
    return stream.read(int.from_bytes(length, "big")) if length else None
