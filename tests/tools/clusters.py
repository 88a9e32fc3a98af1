"""``python -m tests.tools.clusters``: runs PySpark on clusters here, started as users start them.

They are a standalone master with one worker, and a Spark Connect server, all on loopback. Queries
of the workloads are run on each by ``--connect``. A query that is not ``ok``, a process that stays
and a port that stays open are printed, and end with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.places import WORKLOADS
from tests.support.benchmark_runs import Project

DEPLOY = "org.apache.spark.deploy"
CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
ENGINES = ("pyspark", "pyspark-df")
CHOSEN = "(groupby and (q3 or q8)) or (join and q2) or (tpch and (q03 or q06))"
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
def started(folder: Path, program: str, *arguments: str) -> Iterator[Path]:
    """A ``with`` statement's context in which a program of Spark's runs; gives its log's path.

    ``program`` is a script in Spark's ``bin``, such as ``spark-submit``.
    """
    import pyspark

    home = Path(pyspark.__file__).parent
    log = folder / f"{program}-{arguments[0].rpartition('.')[2]}.log"
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [home / "bin" / program, *arguments],
            cwd=folder,
            env=environment,
            stdout=file,
            stderr=file,
        )
    try:
        yield log
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def await_port(port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not listens(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing listens on {port}:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)


@contextmanager
def standalone(folder: Path) -> Iterator[tuple[str, int]]:
    """A context in which a Spark master with one worker runs; gives the master's address and port.

    The address is for ``--connect``: ``spark://127.0.0.1:PORT``.
    """
    port, local = free_port(), ("--host", "127.0.0.1", "--webui-port", "0")
    with ExitStack() as stack:
        master = (f"{DEPLOY}.master.Master", *local, "--port", str(port))
        log = stack.enter_context(started(folder, "spark-class", *master))
        await_port(port, log)
        address = f"spark://127.0.0.1:{port}"
        worker = (f"{DEPLOY}.worker.Worker", *local, "--cores", "2", "--memory", "2g", address)
        stack.enter_context(started(folder, "spark-class", *worker))
        yield address, port


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """A context in which a Spark Connect server runs; gives its address and port.

    The address is for ``--connect``: ``sc://127.0.0.1:PORT``.
    """
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
    with started(folder, "spark-submit", *arguments) as log:
        await_port(port, log)
        yield f"sc://127.0.0.1:{port}", port


def faults(address: str, folder: Path) -> Iterator[str]:
    """Runs some queries on the cluster at ``address``; yields a text for each fault.

    Faults are a query that is not ``ok``, a run without results, and a process that stays.
    ``folder``, which must not exist yet, gets the run's files.
    """
    folder.mkdir()
    project = Project(folder, RUN_SECONDS)
    done = project.benchmark(
        *(str(WORKLOADS / f"{name}.yaml") for name in ("groupby", "join", "tpch")),
        *("-k", CHOSEN, "--size", "tiny", "--engines", ",".join(ENGINES)),
        *(part for engine in ENGINES for part in ("--connect", f"{engine}={address}")),
        *("--results", str(folder / "results")),
    )
    if not project.result_files:
        yield done.all
        return
    for cell in project.results()["cells"]:
        name = f"{cell['engine']}: {cell['workload']}::{cell['query']}"
        print(f"{address}  {name}  {cell['outcome']}", flush=True)
        if cell["outcome"] != "ok":
            yield f"{name}: {cell['reason']}"
    if not project.all_gone():
        yield f"processes stay: {project.processes()}"


def main(arguments: Sequence[str]) -> int:
    argparse.ArgumentParser(prog="tests.tools.clusters", description=__doc__).parse_args(arguments)
    found = list[str]()
    with tempfile.TemporaryDirectory() as name:
        for cluster in (standalone, served):
            folder = Path(name) / cluster.__name__
            folder.mkdir()
            with cluster(folder) as (address, port):
                found += faults(address, folder / "project")
            if listens(port):
                found.append(f"something still listens on {port}")
    print("\n".join(found) or "nothing wrong")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
