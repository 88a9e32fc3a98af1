"""A worker's own side: answers its parent's requests until the pipe that they come by closes.

A worker is run as ``python -m MODULE REQUESTS REPLIES``: the numbers of two pipes' file
descriptors. Its parent's side is ``worker_client.py``.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import queue
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
"""A type of request -> what makes its reply."""

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STACK_BYTES = 512 * 2**20
"""Of the thread that reads SQL, which may be nested. Untouched, it costs nothing."""
DEPTH = 100_000
"""Its calls within calls."""
END_SECONDS = 15.0
"""What a worker may take to tidy up once its parent is gone."""
LONGEST_MESSAGE = 500
"""Characters of an engine's error that are sent on; the whole of it stands in the log."""


def serve(
    handlers: Handlers,
    arguments: Sequence[str],
    at_death: signal.Signals = signal.SIGCONT,
    at_end: Callable[[], object] = lambda: None,
) -> None:
    """Answers each request by the handler of its type.

    A handler's exception becomes a `Failure`; its traceback goes to the log. The process ends, with
    all that it started, as soon as the parent is gone; the kernel sends it ``at_death`` then:
    SIGKILL is for one that starts no other (see ``_receive``). ``at_end`` is called first, in
    another thread than the handlers; it may take END_SECONDS.
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
    """Serves in a thread that can call deeper than Python's default allows."""
    threading.stack_size(STACK_BYTES)
    sys.setrecursionlimit(DEPTH)
    thread = threading.Thread(target=serve, args=(handlers, arguments, at_death))
    thread.start()
    threading.stack_size(0)
    thread.join()


def _receive(
    descriptor: int, inbox: queue.SimpleQueue[bytes], at_end: Callable[[], object]
) -> None:
    """Passes requests on. The pipe ends with the parent, even while a query is running.

    Then this process ends itself, and all that it started: a signal that killed it (as
    PR_SET_PDEATHSIG could send) would leave its servers behind, for only the living know who is
    theirs. A process that is stopped would never come to that. So the signal that the kernel sends
    it at the parent's death, however that died, is SIGCONT: it wakes a stopped process, whatever
    stopped it, and is nothing to any other. The servers need not be awake to be killed.
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
        sys.stderr.write(without_secrets(traceback.format_exc()))
        sys.stderr.flush()
        return encode(describe(error))


def describe(error: BaseException) -> Failure:
    """An exception as a reply, with the first line of its message.

    Of a group of errors it is the first one; the message of a cause of the same type is added.
    """
    error = first_cause(error)
    lines = str(error).strip().splitlines() or ["no message"]
    if type(error.__cause__) is type(error):  # Dask says where, and its cause what
        lines[0] = f"{lines[0]} {error.__cause__}"
    name = type(error).__name__
    kind = FailureKind.ERROR
    if isinstance(error, Unsupported):
        kind = FailureKind.UNSUPPORTED
    elif says_out_of_memory(name, str(error)):
        kind = FailureKind.OUT_OF_MEMORY
    return Failure(name, without_secrets(lines[0])[:LONGEST_MESSAGE], kind)


def _become_a_leaf_of_the_run(at_death: signal.Signals) -> None:
    """Has crashes leave a trace and detached servers stay in the tree; is killed first for memory.

    The process cannot outlive its parent either, not even stopped: see ``_receive``.
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
