"""Encodes requests to a worker, and its replies, for a pipe.

A request is a frozen dataclass derived from `Request`, which names the type of its reply. Messages
are pickled, since both ends are one release of the harness. A worker reads what strangers wrote,
SQL and files, and its parent does not: so a reply may hold the harness's own values only, and
naming anything else (`os.system`) makes it unreadable.
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
"""The bytes of the length before each message."""
LONGEST_BYTES = 2**30
"""The longest message."""

Reply = TypeVar("Reply")


class Request(Generic[Reply]):
    """A request to a worker; ``Reply`` is the type of the reply."""


@dataclass(frozen=True)
class Start(Request[None]):
    """The first request to a worker that needs no data to start."""


class FailureKind(StrEnum):
    """Whether a failure is the library's lack of memory, of a feature, or any other error."""

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
    """Returns a message's bytes, its length first; raises what pickle raises."""
    stream = io.BytesIO()
    _Pickler(stream).dump(message)
    content = stream.getvalue()
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


class _Pickler(pickle.Pickler):
    """A pickler of messages, which writes a member of an enum as its class and value.

    Python 3.11.0 to 3.11.3 would write a call of ``getattr``, which no reply may hold.
    """

    def reducer_override(self, obj: Any) -> Any:
        return (type(obj), (obj.value,)) if isinstance(obj, Enum) else NotImplemented


class Unreadable(ValueError):
    """A worker sent bytes that are no reply."""


def decode_request(content: bytes) -> Any:
    """Returns the request in a message's bytes, without their length."""
    return pickle.loads(content)


def decode_reply(content: bytes) -> Any:
    """Returns the reply in a message's bytes; raises Unreadable if it is none."""
    try:
        return _Replies(io.BytesIO(content)).load()
    except Exception as error:  # bytes that are no pickle raise almost anything
        raise Unreadable(f"{type(error).__name__}: {error}") from error


class _Replies(pickle.Unpickler):
    """An unpickler of replies that refuses all classes except some of the harness's, and paths.

    Allowed are its frozen dataclasses, enums and errors.
    """

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] in ("harness", "pathlib"):
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and _is_of_values(found):
                return found
        raise pickle.UnpicklingError(f"a reply must not hold {module}.{name}")


def _is_of_values(found: type) -> bool:
    """True for frozen dataclasses, enums, paths and the harness's errors."""
    of_dataclass = getattr(found, "__dataclass_params__", None)
    if of_dataclass is not None:
        return bool(of_dataclass.frozen)
    return issubclass(found, (Enum, PurePath, HarnessError))


def take(buffer: bytearray) -> bytes | None:
    """Removes a message from the front of a buffer, and returns it; None if it is not complete.

    Raises Unreadable if the message says that it is longer than LONGEST_BYTES.
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
    """Waits for the next message's bytes; returns None at the end of the stream."""
    length = stream.read(LENGTH_BYTES)
    return stream.read(int.from_bytes(length, "big")) if length else None
