"""A worker's own side: answers its parent's requests until their pipe closes.

A worker is run as ``python -m MODULE REQUESTS REPLIES``, with the file descriptors of two pipes.
Its parent's side is ``worker_client.py``.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import queue
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from harness.errors import Unsupported, first_cause
from harness.machine.messages import Failure, FailureKind, Request, decode_request, encode, read
from harness.machine.oom import says_out_of_memory
from harness.machine.processtree import kill_tree
from harness.words import without_secrets

Handlers = Mapping[type[Request[Any]], Callable[[Any], object]]
"""A type of request -> the function that returns its reply."""

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STACK_BYTES = 512 * 2**20
"""The stack of the thread that reads nested SQL; memory that is not touched costs nothing."""
DEPTH = 100_000
"""The recursion limit of that thread."""
END_SECONDS = 15.0
"""What a worker may take to tidy up once its parent is gone."""
LONGEST_MESSAGE = 500
"""The most characters of an engine's error in a reply; the log has all of it."""


def serve(
    handlers: Handlers,
    arguments: Sequence[str],
    at_death: signal.Signals = signal.SIGCONT,
    at_end: Callable[[], object] = lambda: None,
) -> None:
    """Answers each request by the handler of its type; returns never.

    ``arguments`` are the numbers of two file descriptors: of the pipe of requests and of replies. A
    handler's exception becomes a `Failure`; its traceback goes to the log. The process ends, with
    its descendants, as soon as the parent is gone: it notices that the pipe is closed. The kernel
    then also sends it ``at_death``: SIGCONT wakes it if it is stopped; SIGKILL also ends native
    code at once, but leaves descendants behind, so it is for a worker that has none. ``at_end`` is
    called first, in another thread than the handlers; it may take END_SECONDS.
    """
    requests, replies = map(int, arguments)
    _become_a_leaf_of_the_run(at_death)
    for descriptor in (requests, replies):
        os.set_inheritable(descriptor, False)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(requests, inbox, at_end), daemon=True).start()
    with os.fdopen(replies, "wb", buffering=0) as stream:
        while True:
            stream.write(_reply(handlers, inbox.get()))


def serve_deep(
    handlers: Handlers,
    arguments: Sequence[str],
    at_death: signal.Signals = signal.SIGCONT,
) -> None:
    """Does what ``serve`` does, in a thread with a deeper recursion limit than Python's default."""
    threading.stack_size(STACK_BYTES)
    sys.setrecursionlimit(DEPTH)
    thread = threading.Thread(target=serve, args=(handlers, arguments, at_death))
    thread.start()
    threading.stack_size(0)
    thread.join()


def _receive(
    descriptor: int, inbox: queue.SimpleQueue[bytes], at_end: Callable[[], object]
) -> None:
    """Puts requests into ``inbox``; ends the process when the pipe, or the parent, ends.

    That also happens while a query is running. The process then kills its descendants: a signal
    that killed the process (as PR_SET_PDEATHSIG can send) would leave its descendants behind. A
    stopped process would never do so. So the signal at the parent's death is SIGCONT: it wakes a
    stopped process, and has no effect on others. The descendants can be killed while they are
    stopped.
    """
    with os.fdopen(descriptor, "rb") as stream:
        while (content := read(stream)) is not None:
            inbox.put(content)
    farewell = threading.Thread(target=at_end, daemon=True)
    farewell.start()
    farewell.join(END_SECONDS)
    kill_tree(psutil.Process())


def _reply(handlers: Handlers, content: bytes) -> bytes:
    try:
        request = decode_request(content)
        return encode(handlers[type(request)](request))
    except BaseException as error:  # engines raise what they like: Rust panics, SystemExit
        with contextlib.suppress(OSError):  # the log's disk may be full
            sys.stderr.write(without_secrets(traceback.format_exc()))
            sys.stderr.flush()
        return encode(describe(error))


_IN_JAVA = re.compile(r"^(?:Caused by)?: (\S.*)", re.MULTILINE)
"""An exception's class and message in the text of a Py4JJavaError, whose first line has none."""


def describe(error: BaseException) -> Failure:
    """Returns an exception as a reply, with the first line of its message.

    Of a group of errors, the first one is described, and of an error in Java the deepest cause.
    Added are the message of its cause, if that has the same type, and its notes, which say where in
    a user's program it was raised.
    """
    notes = "; ".join(getattr(error, "__notes__", ()))
    error = first_cause(error)
    lines = str(error).strip().splitlines() or ["no message"]
    name = type(error).__name__
    if name == "Py4JJavaError" and (in_java := _IN_JAVA.findall(str(error))):
        lines[0] = in_java[-1]
    cause = str(error.__cause__)
    if type(error.__cause__) is type(error) and cause not in lines[0]:  # Dask says where
        lines[0] = f"{lines[0]} {cause}"
    if notes:
        lines[0] = f"{lines[0][: LONGEST_MESSAGE - len(notes) - 3]} ({notes})"
    kind = FailureKind.ERROR
    if isinstance(error, Unsupported):
        kind = FailureKind.UNSUPPORTED
    elif says_out_of_memory(name, str(error)):
        kind = FailureKind.OUT_OF_MEMORY
    return Failure(name, without_secrets(lines[0])[:LONGEST_MESSAGE], kind)


def _become_a_leaf_of_the_run(at_death: signal.Signals) -> None:
    """Prepares the worker's process.

    A crash prints a trace; descendants that detach themselves stay its descendants. When memory
    runs out, the kernel kills this process first. It cannot outlive its parent: see ``_receive``.
    """
    faulthandler.enable()
    if not sys.platform.startswith("linux"):
        return
    prctl = ctypes.CDLL(None).prctl
    # Servers that detach themselves stay our descendants, so that they are measured and ended too.
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(PR_SET_PDEATHSIG, at_death, 0, 0, 0)
    with contextlib.suppress(OSError):  # a container may forbid it; then all are equal victims
        Path("/proc/self/oom_score_adj").write_text("1000")
