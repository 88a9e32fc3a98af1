"""Requests of the harness -> an engine's runs: the process in which one engine works."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import harness.engines
from harness.engines.base import OUTPUT_FILE, Program, Session
from harness.machine.messages import Message, table_from_message
from harness.machine.processtree import descendants_cpu_seconds, own_cpu_seconds
from harness.machine.serve import serve
from harness.tables import Input

BATCH_ROWS = 1_000_000
"""Of an answer's file: the referee reads batch by batch."""


class Bench:
    """One engine, its tables, the program in hand and the result of that program's last run."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._result: Any = None
        self._writes = False

    @property
    def session(self) -> Session:
        if self._session is None:
            raise RuntimeError("the first request must be 'start'")
        return self._session

    def start(self, engine: str, threads: int) -> Message:
        """Imports the engine and sets its threads."""
        self._session = harness.engines.get(engine).start(threads)
        _settle()
        return {}

    def load(self, table: Message) -> Message:
        """Reads a table into the engine's memory; gives the seconds that took."""
        began = time.perf_counter()
        self.session.load(table_from_message(table))
        return {"seconds": time.perf_counter() - began}

    def scan(self, table: Message, source: str) -> Message:
        """Makes a table's files known to the engine."""
        self.session.scan(table_from_message(table), Input(source))
        return {}

    def prepare(self, text: str, language: str, writes: bool) -> Message:
        """Takes a program in hand; ``writes`` says that it leaves its answer in a file."""
        self._clear()
        self._writes = writes
        self.session.prepare(Program(text, language))
        _settle()
        return {}

    def run(self, loops: int = 1) -> Message:
        """Runs the program ``loops`` times in a row.

        Gives the wall-clock and CPU seconds of one run, the rows of the last result, and what was
        used of a GPU, which has done all its work by the end.
        """
        self._clear()
        device = self.session.device
        if device is not None:
            device.begin()
        children_before = descendants_cpu_seconds()
        cpu_before = own_cpu_seconds()
        began = time.perf_counter_ns()
        for _ in range(loops):
            self._result = self.session.run()
        if device is not None:
            device.synchronise()
        if self._writes:
            _flush(Path(OUTPUT_FILE))
        elapsed = time.perf_counter_ns() - began
        cpu = own_cpu_seconds() - cpu_before
        cpu += descendants_cpu_seconds() - children_before
        return {
            "seconds": elapsed / 1e9 / loops,
            "cpu_seconds": max(0.0, cpu) / loops,
            "rows": self._rows(),
            "gpu": None if device is None else device.use(),
        }

    def answer(self, path: str) -> Message:
        """Writes the last result to an Arrow IPC file, or moves the Parquet file that was made.

        Gives the path of what now holds the answer, and the share that fell back to the CPU.
        """
        share = {"fallback_share": self.session.fallback_share()}
        if self._writes:
            moved = shutil.move(OUTPUT_FILE, Path(path).with_suffix(".parquet"))
            return {"path": moved, **share}
        import pyarrow as pa

        table = self.session.to_arrow(self._result)
        target = Path(path).with_suffix(".arrow")
        with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=BATCH_ROWS)
        return {"path": target, **share}

    def _rows(self) -> int:
        if not self._writes:
            return self.session.rows(self._result)
        import pyarrow.parquet as pq

        return sum(pq.ParquetFile(file).metadata.num_rows for file in _parts(Path(OUTPUT_FILE)))

    def _clear(self) -> None:
        """Drops the last result: neither its memory nor its file is to be in the way."""
        self._result = None
        output = Path(OUTPUT_FILE)
        if output.is_dir():
            shutil.rmtree(output)
        else:
            output.unlink(missing_ok=True)
        gc.collect()


def _settle() -> None:
    """Takes what lives now (modules, loaded tables) out of the sight of Python's garbage collector.

    Walking through a library's modules takes it some 50 ms, before each round or in one.
    """
    gc.collect()
    gc.freeze()


def _parts(output: Path) -> list[Path]:
    """The Parquet files of an output: itself, or what a distributed engine left in a folder."""
    if not output.exists():
        raise FileNotFoundError(f"the program has written no {output}")
    return sorted(output.rglob("*.parquet")) if output.is_dir() else [output]


def _flush(output: Path) -> None:
    """Waits until a written file is on the disk."""
    for part in _parts(output):
        descriptor = os.open(part, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def main(arguments: Sequence[str]) -> None:
    bench = Bench()
    names = ("start", "load", "scan", "prepare", "run", "answer")
    serve({name: getattr(bench, name) for name in names}, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
