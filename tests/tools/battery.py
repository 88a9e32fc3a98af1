"""``python -m tests.tools.battery --engine cudf``: the battery, on an engine in its own process.

The battery is all queries of ``tests/semantics/*.yaml``. For engines that the tests cannot start
beside others, such as those that need a GPU: each query is run as a benchmark runs it, in a worker
with the engine's environment, and its answer is compared with DuckDB's. What is not as the tests
expect is printed, and ends with exit code 1. ``UPDATE_GOLDEN=1`` writes which queries of the whole
battery run into which gaps of an engine in an environment of its own.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import engines
from harness.errors import Unsupported, WorkerError
from harness.tables import Input
from harness.verify.explained import ANOTHER
from tests.engines.test_semantics import (
    HERE,
    PLAN,
    QUERIES,
    expected,
    sources,
    told,
    unsupported,
    write_unsupported,
)
from tests.support.elsewhere import Elsewhere
from tests.support.in_process import InProcess, Verdict, read_tables

EXCUSED = ANOTHER.format(way="")


class Battery:
    """The battery's tables, and for each kind of input a session of one engine that has them."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine = engine
        self.tables = InProcess(read_tables(HERE / "tables.yaml"), folder)
        self.sessions = {source: Elsewhere(engine, folder) for source in Input}
        for source, session in self.sessions.items():
            self.tables.sessions[engine, source] = session
            for table in self.tables.tables.values() if source in engines.get(engine).reads else ():
                session.load(table) if source is Input.MEMORY else session.scan(table, source)

    def close(self) -> None:
        for session in self.sessions.values():
            session.close()


def is_declared(engine: str, title: str, verdict: Verdict) -> bool:
    """True if an engine's verdict is what the tests declare for the query with this title.

    Also True if a GPU engine's verdict is ``unsupported``: its gaps need not be declared. And if
    its stand-in's answer was excused, as one that DuckDB has where NaN is NULL.
    """
    outcome, words = expected(engine, title)
    if engines.get(engine).on_gpu and (verdict.outcome == "unsupported" or EXCUSED in words):
        return True
    return verdict.outcome == outcome and words in reason(engine, verdict)


def reason(engine: str, verdict: Verdict) -> str:
    """Returns the words of the gap that a verdict names; those of a process come as a message."""
    gaps = engines.get(engine).lacks()
    words = (f"{gap.lack}: {gap.words}" for gap in gaps.declared)
    return next((text for text in words if f"{gaps.label} {text}" in verdict.reason), told(verdict))


def verdicts(battery: Battery, titles: Sequence[str]) -> Iterator[tuple[str, Input, Verdict]]:
    """Runs the queries with these titles, each once for each kind of input."""
    for title in titles:
        for source in sources(battery.engine, title):
            try:
                verdict = battery.tables.verdict(battery.engine, QUERIES[title], source)
            except (Unsupported, WorkerError) as error:
                verdict = Verdict("failed", f"{type(error).__name__}: {error}")
            yield title, source, verdict


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.tools.battery", description=__doc__)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--part", default="1/1", help="of the queries, such as 2/4; default: all")
    parser.add_argument(
        "--titles", type=re.compile, default="", help="only titles that a pattern matches"
    )
    asked = parser.parse_args(arguments)
    part, parts = map(int, asked.part.split("/"))
    titles = [title for title in QUERIES if re.search(asked.titles, title)]
    began, tally, count, found = time.monotonic(), Counter[str](), 0, dict[str, str]()
    with tempfile.TemporaryDirectory() as folder:
        battery = Battery(asked.engine, Path(folder))
        try:
            for title, source, verdict in verdicts(battery, titles[part - 1 :: parts]):
                tally[verdict.outcome] += 1
                if verdict.outcome == "unsupported" and title not in unsupported(PLAN):
                    found.setdefault(title, reason(asked.engine, verdict))
                if not is_declared(asked.engine, title, verdict):
                    count += 1
                    print(f"== {title} ({source})\n{QUERIES[title]}\n{verdict}", flush=True)
        except KeyboardInterrupt:
            parts = 0  # not all of it
            print("interrupted", flush=True)
        finally:
            battery.close()
    if "UPDATE_GOLDEN" in os.environ and titles == [*QUERIES] and parts == 1:
        write_unsupported(asked.engine, found)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(tally.items()))
    print(f"{asked.engine}: {counts}; {count} unexpected; {time.monotonic() - began:.0f} s")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
