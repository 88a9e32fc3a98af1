"""``python -m tests.tools.on_gpu --engine cudf``: shows if what measuring on a GPU assumes is true.

Over group-by and join: what a second synchronisation takes after a run (the clock stopped when the
device was done), the first run beside later ones (kernels are compiled in the first only), and the
most memory by RMM beside how much NVML saw the device's grow by. Of cudf.pandas also the calls that
its profiler counts, from which the share that fell back comes. Needs a GPU.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence

from harness import engines
from harness.data.cache import Cache
from harness.data.prepare import prepare
from harness.engines.session import Session
from harness.errors import Unsupported
from harness.machine.gpu.discovery import gpus
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.workload.file import load
from tests.places import WORKLOADS

ROUNDS = 7
THREADS = 4


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.tools.on_gpu", description=__doc__)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--size", default="small")
    asked = parser.parse_args(arguments)
    os.environ.update(engines.get(asked.engine).environment(THREADS))
    before = used_bytes()
    session = engines.get(asked.engine).start(THREADS)
    if session.device is None:
        raise SystemExit(f"{asked.engine} computes on no GPU")
    session.device.begin()
    session.device.use()
    context = used_bytes()
    print(f"{asked.engine}: {(context - before) / 1e6:.0f} MB of the device before any table")
    for name in ("groupby", "join"):
        workload = load(WORKLOADS / f"{name}.yaml")
        with Cache() as cache:
            tables = prepare(workload, asked.size, Input.MEMORY, cache).tables
        for table in tables.values():
            session.load(table)
        for query in workload.queries:
            told = looked_at(asked.engine, session, query.sql, tables, context)
            print(f"{asked.engine} {name}::{query.name} {told}", flush=True)
    return 0


def looked_at(
    engine: str, session: Session, sql: str, tables: Mapping[str, Table], context: int
) -> str:
    """Runs a query several times on the GPU; returns its times and memory as a line of text.

    If the engine does not support the query, or fails, the line says so. ``context`` is the memory
    of the GPU, in bytes, that was in use before the first table was loaded.
    """
    device = session.device
    assert device is not None
    schemas = {name: table.schema for name, table in tables.items()}
    try:
        program = engines.get(engine).compile(compile_query(sql, schemas), tables, Input.MEMORY)
        session.prepare(program)
        runs, after, peak = [], [], 0
        for _ in range(ROUNDS):
            device.begin()
            began = time.perf_counter()
            result = session.run()
            device.synchronise()
            ended = time.perf_counter()
            device.synchronise()
            after.append(time.perf_counter() - ended)
            runs.append(ended - began)
            peak = max(peak, int(device.use().peak_bytes or 0))
            del result
    except Unsupported as error:
        return f"unsupported: {error}"
    except Exception as error:  # an engine may raise anything; the next query is looked at
        return f"failed: {type(error).__name__}: {error}"[:300]
    hot = statistics.median(runs[2:])
    return (
        f"first {runs[0] * 1e3:.1f} ms, second {runs[1] * 1e3:.1f}, then {hot * 1e3:.1f} "
        f"({min(runs[2:]) * 1e3:.1f} to {max(runs[2:]) * 1e3:.1f}); "
        f"to synchronise again {max(after) * 1e6:.0f} us; RMM {peak / 1e6:.0f} MB, "
        f"NVML {(used_bytes() - context) / 1e6:.0f} MB{fallen_back(session)}"
    )


def fallen_back(session: Session) -> str:
    """Returns a text: the calls that cudf.pandas' profiler counts by GPU and CPU, and their share.

    The share is the session's own: that of the program which ran on the CPU. The text is "" for
    other engines.
    """
    accelerator = getattr(session, "accelerator", None)
    if accelerator is None:
        return ""
    with accelerator.Profiler() as profiler:
        session.run()
    calls = profiler.per_function_stats
    slow = {name: len(times["cpu"]) for name, times in calls.items() if times.get("cpu")}
    fast = sum(len(times.get("gpu", ())) for times in calls.values())
    return f"; GPU {fast} calls, CPU {slow}, share {session.fallback_share()}"


def used_bytes() -> int:
    """Returns how many bytes of the first GPU's memory are in use, by any process."""
    gpu = gpus()[0]
    return gpu.memory_bytes - gpu.free_bytes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
