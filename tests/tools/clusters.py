"""``python -m tests.tools.clusters``: runs engines on clusters here, started as users start them.

They are a standalone Spark master with one worker, a Spark Connect server, and a Dask scheduler
with two workers, all on loopback. Queries of the workloads are run on each by ``--connect``. A
query that is not ``ok``, a run that does not end, a process that stays and a port that stays open
are printed, and end with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.places import ROOT, WORKLOADS
from tests.support.benchmark_runs import Project

DEPLOY = "org.apache.spark.deploy"
CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
CHOSEN = "(groupby and q3) or (tpch and q03)"
START_SECONDS = 180.0
STOP_SECONDS = 30.0
RUN_SECONDS = 900.0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def started(log: Path, *command: str | Path, **variables: str) -> Iterator[Path]:
    """A ``with`` statement's context in which a command runs beside its log; gives the log's path.

    ``variables`` are environment variables that it gets besides this process' own.
    """
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=log.parent,
            env={**os.environ, **variables},
            stdout=file,
            stderr=file,
        )
    try:
        yield log
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def spark(folder: Path, program: str, *arguments: str) -> AbstractContextManager[Path]:
    """Returns `started`'s context of a script in Spark's ``bin``, such as ``spark-submit``."""
    import pyspark

    home = Path(pyspark.__file__).parent
    log = folder / f"{program}-{arguments[0].rpartition('.')[2]}.log"
    place = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    return started(log, home / "bin" / program, *arguments, **place)


def await_port(port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not listens(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing listens on {port}:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)


@contextmanager
def standalone(folder: Path) -> Iterator[str]:
    """A context in which a Spark master with one worker runs; gives its ``spark://`` address."""
    port, local = free_port(), ("--host", "127.0.0.1", "--webui-port", "0")
    with ExitStack() as stack:
        master = (f"{DEPLOY}.master.Master", *local, "--port", str(port))
        await_port(port, stack.enter_context(spark(folder, "spark-class", *master)))
        address = f"spark://127.0.0.1:{port}"
        worker = (f"{DEPLOY}.worker.Worker", *local, "--cores", "2", "--memory", "2g", address)
        stack.enter_context(spark(folder, "spark-class", *worker))
        yield address


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A context in which a Spark Connect server runs; gives its ``sc://`` address."""
    port = free_port()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    options = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
    arguments = ("--class", CONNECT, "--master", "local[2]", *options, "spark-internal")
    with spark(folder, "spark-submit", *arguments) as log:
        await_port(port, log)
        yield f"sc://127.0.0.1:{port}"


@contextmanager
def scheduled(folder: Path) -> Iterator[str]:
    """A context in which a Dask scheduler with two workers runs; gives its ``tcp://`` address."""
    port, dask = free_port(), (sys.executable, "-m", "dask")
    local = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
    address, path = f"tcp://127.0.0.1:{port}", {"PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        scheduler = (*dask, "scheduler", "--port", str(port), *local)
        log = stack.enter_context(started(folder / "scheduler.log", *scheduler, **path))
        await_port(port, log)
        workers = (*dask, "worker", address, "--nworkers", "2", "--nthreads", "1", *local)
        stack.enter_context(started(folder / "workers.log", *workers, **path))
        yield address


SPARK = ("pyspark", "pyspark-df")
CLUSTERS: Mapping[Callable[[Path], AbstractContextManager[str]], Sequence[str]] = {
    standalone: SPARK,
    served: SPARK,
    scheduled: ("dask",),
}
"""What starts a cluster -> the engines that run on it."""


def faults(engines: Sequence[str], address: str, folder: Path) -> Iterator[str]:
    """Runs some queries with these engines on the cluster at ``address``; yields what is wrong.

    Faults are a query that is not ``ok``, a run without results or without an end, and a process
    that stays. ``folder``, which must not exist yet, gets the run's files.
    """
    folder.mkdir()
    project, began = Project(folder, RUN_SECONDS), time.monotonic()
    try:
        done = project.benchmark(
            *(str(WORKLOADS / f"{name}.yaml") for name in ("groupby", "tpch")),
            *("-k", CHOSEN, "--size", "tiny", "--engines", ",".join(engines), "--budget", "10s"),
            *(part for engine in engines for part in ("--connect", f"{engine}={address}")),
            *("--results", str(folder / "results")),
        )
    except subprocess.TimeoutExpired as error:
        told = (error.stdout or b"").decode(errors="replace")[-2000:]
        yield f"{engines} on {address}: no end after {RUN_SECONDS:.0f} s; it said\n{told}"
        return
    if not project.result_files:
        yield done.all
        return
    for cell in project.results()["cells"]:
        name = f"{cell['engine']}: {cell['workload']}::{cell['query']}"
        print(f"{address}  {name}  {cell['outcome']}", flush=True)
        if cell["outcome"] != "ok":
            yield f"{name}: {cell['reason']}"
    print(f"{address}  {time.monotonic() - began:.0f} s", flush=True)
    if not project.all_gone():
        yield f"processes stay: {project.processes()}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.tools.clusters", description=__doc__)
    parser.add_argument("--engines", default="pyspark,pyspark-df,dask")
    asked, found = parser.parse_args(arguments).engines.split(","), list[str]()
    with tempfile.TemporaryDirectory() as name:
        for cluster, able in CLUSTERS.items():
            engines = [engine for engine in able if engine in asked]
            if not engines:
                continue
            folder = Path(name) / cluster.__name__
            folder.mkdir()
            with cluster(folder) as address:
                found += faults(engines, address, folder / "project")
            if listens(int(address.rpartition(":")[2])):
                found.append(f"something still listens on {address}")
    print("\n".join(found) or "nothing wrong")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
