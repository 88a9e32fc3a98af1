"""The worker process of ``harness/data/apart.py``: calls functions and returns their results."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from harness.data.apart import FunctionCall, Returned
from harness.errors import HarnessError
from harness.machine.messages import Start
from harness.machine.worker_server import serve


def start(_: Start) -> None:
    """Does nothing; a worker must have a start request."""


def call(request: FunctionCall) -> Returned:
    """Calls the function; what it prints goes to the worker's log.

    Errors that are neither the harness's own nor the system's become a Failure.
    """
    try:
        return Returned(request.function(*request.arguments))
    except HarnessError as error:
        return Returned(error=error)
    except OSError as error:
        if error.errno is None:
            raise
        return Returned(errno=error.errno)


def main(arguments: Sequence[str]) -> None:
    serve({Start: start, FunctionCall: call}, arguments, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
