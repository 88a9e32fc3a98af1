"""Sessions of Polars' GPU engine, and what its errors say that it lacks."""

from __future__ import annotations

import re
from typing import Any

from harness.engines.polars.session import PolarsSession
from harness.errors import first_cause
from harness.machine.gpu.device import Device
from harness.machine.oom import says_out_of_memory

NOT_ON_GPU = "what cuDF-Polars has no translation of"


class PolarsGpuSession(PolarsSession):
    """A session on the GPU; a program that cannot run there as a whole is unsupported.

    In memory, tables are on the host, as Polars' are; each run copies what it needs to the GPU.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.device = Device()

    def run(self) -> Any:
        try:
            return super().run()
        except Exception as error:  # a streamed query raises a group of errors
            if says_not_on_gpu(cause := first_cause(error)):
                raise self.unsupported(NOT_ON_GPU, lacking(cause)) from error
            raise


EMPTY = "packed data cannot be empty"
"""RapidsMPF 26.10's message for a part of a query that reads rows but no columns."""


def says_not_on_gpu(error: BaseException) -> bool:
    """True for the error, by ``raise_on_fail``, that a query could not be translated for cuDF."""
    text = str(error)
    if says_out_of_memory(type(error).__name__, text):
        return False
    return isinstance(error, NotImplementedError) or "NotImplementedError" in text or EMPTY in text


def lacking(error: BaseException) -> str:
    """Returns what cuDF-Polars lacks, in the words of its error, without repetitions."""
    text = str(error).replace("\\n", "\n")
    if EMPTY in text:
        return EMPTY
    body = re.split(r"['\"], \[", text)[0]  # what follows repeats it
    found = [line.strip() for line in body.split("- NotImplementedError: ")[1:]]
    plain = [words for words in dict.fromkeys(found) if "<class " not in words or len(found) == 1]
    return "; ".join(plain or found) or text.strip().splitlines()[0]
