"""An engine's worker process: answers requests to load tables, and to prepare and run programs."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.answer import AnswerSpec
from harness.engines.session import (
    OUTPUT_FILE,
    Session,
    Sharing,
    session_class,
    started,
    write_answer,
)
from harness.engines.training import model_of, train_of, trained
from harness.machine.limits import hold_to_cores
from harness.machine.messages import Failure
from harness.machine.processtree import Usage
from harness.machine.worker_server import Handlers, serve
from harness.measure.closed_loop import run_at_once
from harness.measure.requests import (
    Answer,
    HandOver,
    LoadTable,
    PrepareProgram,
    Ran,
    RanClients,
    RunClients,
    RunProgram,
    ScanTable,
    Started,
    StartEngine,
)

if TYPE_CHECKING:
    import pyarrow as pa


class EngineAtWork:
    """Answers a worker's requests, with one engine, its tables, its program and the last result."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._sharing: Sharing | None = None
        self._clients: list[Session] = []
        self._result: Any = None
        self._writes = False
        self._trains: AnswerSpec | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            raise RuntimeError("the first request must be StartEngine")
        return self._session

    def start(self, request: StartEngine) -> Started:
        if request.cores is not None:
            hold_to_cores(request.cores)
        kind, self._sharing = session_class(request.session), request.sharing
        began = time.perf_counter()
        self._session = started(kind, request.lacking, request.threads)
        took = time.perf_counter() - began
        _settle()
        spills_to = self._session.spills_to
        return Started(took, None if spills_to is None else spills_to.absolute())

    def load(self, request: LoadTable) -> float:
        began = time.perf_counter()
        self.session.load(request.table)
        return time.perf_counter() - began

    def scan(self, request: ScanTable) -> None:
        self.session.scan(request.table, request.source)

    def prepare(self, request: PrepareProgram) -> None:
        self._clear()
        while self._clients:
            self._clients.pop().disconnect()
        self._writes, self._trains = request.writes, request.trains
        if request.trains is not None:
            model_of(train_of(request.trains))  # imports scikit-learn
        self.session.prepare(request.program)
        _settle()

    def run(self, request: RunProgram) -> Ran:
        self._clear()
        loops, device = request.loops, self.session.device
        if device is not None:
            device.begin()
        usage = Usage()
        began = time.perf_counter_ns()
        training = 0.0
        for _ in range(loops):
            self._result = self._run()
            training += self._result.seconds if self._trains else 0.0
        if device is not None:
            device.synchronise()
        if self._writes:
            _flush(Path(OUTPUT_FILE))
        elapsed = time.perf_counter_ns() - began
        cpu, disk = usage.of_one(loops)
        return Ran(
            seconds=elapsed / 1e9 / loops,
            cpu_seconds=cpu,
            rows=self._rows(),
            disk=disk,
            device=None if device is None else device.use(),
            training_seconds=training / loops if self._trains else None,
        )

    def _run(self) -> Any:
        if self._trains is None:
            return self.session.run()
        return trained(self.session.batches(self._trains), self._trains)

    def run_clients(self, request: RunClients) -> RanClients | Failure:
        self._clear()
        assert self._sharing is not None, "the engine has one client only"
        while len(self._clients) < request.clients:
            self._clients.append(self.session.for_client())
        return run_at_once(self._clients, self._sharing, request)

    def hand_over(self, request: HandOver) -> Answer:
        share = self.session.fallback_share()
        if self._writes:
            moved = shutil.move(OUTPUT_FILE, request.path.with_suffix(".parquet"))
            return Answer(Path(moved), share)
        table, score = self._answer()
        return Answer(write_answer(table, request.path.with_suffix(".arrow")), share, score)

    def _answer(self) -> tuple[pa.Table, float | None]:
        """Returns the last answer, or the terms of the model that it trained with its score."""
        if self._trains is None:
            return self.session.to_arrow(self._result), None
        return self._result.terms(self._trains), self._result.score()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()

    def _rows(self) -> int:
        if self._trains is not None:
            return int(self._result.rows)
        if not self._writes:
            return self.session.rows(self._result)
        import pyarrow.parquet as pq

        return sum(pq.ParquetFile(file).metadata.num_rows for file in _parts(Path(OUTPUT_FILE)))

    def _clear(self) -> None:
        """Drops the last run's result from memory, and deletes the file that the run wrote."""
        self._result = None
        output = Path(OUTPUT_FILE)
        if output.is_dir():
            shutil.rmtree(output)
        else:
            output.unlink(missing_ok=True)
        gc.collect()


def _settle() -> None:
    """Excludes all objects so far (modules, loaded tables) from Python's garbage collection.

    Otherwise a collection, before or during a round, would walk through all of a library's modules,
    which takes some 50 ms.
    """
    gc.collect()
    gc.freeze()


def _parts(output: Path) -> list[Path]:
    """Returns the Parquet files of an output: one file, or all in a distributed engine's folder."""
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
    engine = EngineAtWork()
    handlers: Handlers = {
        StartEngine: engine.start,
        LoadTable: engine.load,
        ScanTable: engine.scan,
        PrepareProgram: engine.prepare,
        RunProgram: engine.run,
        RunClients: engine.run_clients,
        HandOver: engine.hand_over,
    }
    serve(handlers, arguments, at_end=engine.close)


if __name__ == "__main__":
    main(sys.argv[1:])
