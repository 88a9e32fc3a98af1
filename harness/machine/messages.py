"""Requests to a worker and its replies -> bytes in a pipe, and back.

A request is a frozen dataclass that derives from `Request` of the type of its reply. What is sent
is pickled, since both ends are one release of the harness. A worker reads what strangers wrote, SQL
and files, and its parent does not: so a reply may hold the harness's own values only, and naming
anything else (`os.system`) makes it unreadable.
"""

from __future__ import annotations

import importlib
import io
import pickle
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import PurePath
from typing import Any, BinaryIO, Generic, TypeVar

from harness.errors import HarnessError

LENGTH_BYTES = 8
"""Before each message stands its length."""
LONGEST_BYTES = 2**30
"""Of a message."""

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


class Unreadable(ValueError):
    """A worker sent bytes that are no reply."""


def decode_request(content: bytes) -> Any:
    """The request that these bytes, without their length, stand for."""
    return pickle.loads(content)


def decode_reply(content: bytes) -> Any:
    """The reply that these bytes, without their length, stand for. Raises Unreadable."""
    try:
        return _Replies(io.BytesIO(content)).load()
    except Exception as error:  # bytes that are no pickle raise almost anything
        raise Unreadable(f"{type(error).__name__}: {error}") from error


class _Replies(pickle.Unpickler):
    """Finds the classes of values only: numbers and texts need none."""

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] in ("harness", "pathlib"):
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and _is_of_values(found):
                return found
        raise pickle.UnpicklingError(f"a reply must not hold {module}.{name}")


def _is_of_values(found: type) -> bool:
    """True of frozen dataclasses, enums, paths and the harness's errors."""
    of_dataclass = getattr(found, "__dataclass_params__", None)
    if of_dataclass is not None:
        return bool(of_dataclass.frozen)
    return issubclass(found, (Enum, PurePath, HarnessError))


def take(buffer: bytearray) -> bytes | None:
    """Removes a message's bytes from the front of a buffer; None where some are not there yet.

    Raises Unreadable where the message says that it is longer than LONGEST_BYTES.
    """
    length = int.from_bytes(buffer[:LENGTH_BYTES], "big")
    if len(buffer) >= LENGTH_BYTES and length > LONGEST_BYTES:
        raise Unreadable(f"a message of {length:,} bytes")
    end = LENGTH_BYTES + length
    if len(buffer) < max(end, LENGTH_BYTES):
        return None
    content = bytes(buffer[LENGTH_BYTES:end])
    del buffer[:end]
    return content


def read(stream: BinaryIO) -> bytes | None:
    """Waits for the next message's bytes; None at the end of the stream."""
    length = stream.read(LENGTH_BYTES)
    return stream.read(int.from_bytes(length, "big")) if length else None
