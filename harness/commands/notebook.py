"""Benchmarks from a script or a notebook: a workload file, or functions -> results to look at."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.commands.function_source import source_of
from harness.errors import HarnessError, ResultsError
from harness.machine.pytest_run import run_pytest
from harness.run.own_report import find_report

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from report.read.frame import ResultCell, Results

Function = Callable[[Callable[[str], Any]], Any]
LAST_LINES = 20
"""The lines of a failed run's output in an error."""


def benchmark(
    file: str | Path,
    engines: Sequence[str] = (),
    *,
    queries: Sequence[str] = (),
    budget: str = "1m",
    results: str | Path | None = None,
    options: Sequence[str] = (),
) -> Benchmarked:
    """Runs a workload file, as ``pytest --benchmark FILE`` does, and returns the results.

    Each engine runs in its own process, and its answers are checked. Without ``engines`` all
    engines run, without ``queries`` all queries. ``results`` is the folder for the results file and
    the page; without it they are deleted together with the returned object. ``options`` are further
    options of ``pytest --benchmark``. Raises HarnessError if nothing could be run.
    """
    find_report()
    path = Path(file)
    target = Path(results or tempfile.mkdtemp(prefix="enginebench-")).absolute()
    names = [f"{path}::{query}" for query in queries] or [str(path)]
    chosen = ["--engines", ",".join(engines)] if engines else []
    command = ["--benchmark", *names, *chosen, "--budget", budget, "--results", str(target)]
    try:
        ran = run_pytest(["-m", "pytest", "-p", "no:cacheprovider", *command, *options])
    except BaseException:
        if results is None:
            shutil.rmtree(target, ignore_errors=True)
        raise
    if ran.code not in (0, 1) or ran.results is None:
        if results is None:
            shutil.rmtree(target)
        last = ran.printed.strip().splitlines()[-LAST_LINES:]
        raise HarnessError("\n".join(["nothing was measured:", *last]))
    found = Benchmarked(ran.results, target / "index.html")
    if results is None:
        weakref.finalize(found, shutil.rmtree, target, ignore_errors=True)
    return found


def compare_functions(
    functions: Mapping[str, Function | Sequence[Function]],
    tables: Mapping[str, Any],
    *,
    sql: str | None = None,
    budget: str = "1m",
    input: str = "memory",
    results: str | Path | None = None,
) -> Benchmarked:
    """Compares functions, ``{"pandas": mine, "polars": [one, another]}``, on the same tables.

    A function gets ``t``, and ``t(name)`` is a table as its engine has it; it returns the engine's
    own frame. ``tables`` are files by name, or frames that Arrow can read. With ``sql``, answers
    are checked against DuckDB's, and the programs compiled from it run beside the functions;
    otherwise answers are checked against the first function's. Each engine runs in a process of its
    own, which gets a function's source and that of what the function uses. Raises HarnessError for
    a function whose source cannot be passed on.
    """
    with tempfile.TemporaryDirectory(prefix="enginebench-") as name:
        folder = Path(name)
        query: dict[str, Any] = {"native": _written(functions, folder)}
        if sql is not None:
            query["sql"] = sql
        workload = {
            "title": "Functions",
            "input": input,
            "tables": {table: _path(source, folder / table) for table, source in tables.items()},
            "queries": {"functions": query},
        }
        file = folder / "functions.yaml"
        file.write_text(json.dumps(workload, indent=1), encoding="utf-8")
        return benchmark(file, [*functions], budget=budget, results=results)


def _written(
    functions: Mapping[str, Function | Sequence[Function]], folder: Path
) -> dict[str, list[str]]:
    """Writes each function to a file in ``folder``; returns the ``native`` of a workload's query.

    That is, by engine, a list of ``engine/function.py:function``.
    """
    native: dict[str, list[str]] = {}
    for engine, given in functions.items():
        for function in given if isinstance(given, Sequence) else [given]:
            text, name = source_of(function), function.__name__
            file = folder / engine / f"{name}.py"
            while file.exists():  # an earlier function of this name
                name += "_"
                file = file.with_stem(name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
            place = file.relative_to(folder).as_posix()
            native.setdefault(engine, []).append(f"{place}:{function.__name__}")
    return native


def _path(source: Any, target: Path) -> Any:
    """Returns a table as a workload file has it: a path, or a mapping with ``path`` and other keys.

    ``source`` is a path, such a mapping, or a frame, which is written to Parquet, at ``target``
    with the suffix ``.parquet``. Raises HarnessError for anything else.
    """
    if isinstance(source, (str, Path)):
        return str(Path(source).expanduser().absolute())
    if isinstance(source, Mapping):
        return {**source, "path": _path(source["path"], target)}
    if not hasattr(source, "__arrow_c_stream__"):
        raise HarnessError(f"a table is a path or a frame, not a {type(source).__name__}")
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(source), target.with_suffix(".parquet"))
    return str(target.with_suffix(".parquet"))


class Benchmarked:
    """The results of a run: a ``frame``, a ``chart``, sentences (``text``) and the files' paths."""

    def __init__(self, path: Path, page: Path) -> None:
        self.path, self.page = path, page

    @cached_property
    def _results(self) -> Results:
        import report
        from report.read.frame import load

        try:
            return load([self.path])
        except report.ReportError as error:
            raise ResultsError(str(error)) from error

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Returns a row for each cell; seconds are medians, with the ends of their 95% intervals.

        ``ratio`` is the cell's median divided by that of the fastest engine of the same question.
        """
        import pandas as pd

        frame = pd.DataFrame([dict(self._row(cell)) for cell in self._results.cells])
        numbers = ["seconds", "low", "high", "cold_seconds", "peak_bytes"]
        frame = frame.astype(dict.fromkeys(numbers, float))
        question = ["workload", "query", "size", "input", "threads", "memory_limit", "clients"]
        best = frame.groupby(question, dropna=False)["seconds"].transform("min")
        frame.insert(frame.columns.get_loc("seconds") + 1, "ratio", frame["seconds"] / best)
        return frame

    def _row(self, cell: ResultCell) -> Iterator[tuple[str, Any]]:
        from report.compare.metrics import DEFAULT

        setting, estimate = cell.setting, DEFAULT.estimate(cell)
        yield from (("workload", setting.workload), ("query", cell.query))
        yield "engine", self._results.engines[cell.engine.name].label
        yield from (("size", setting.size), ("input", setting.input), ("threads", setting.threads))
        yield from (("memory_limit", setting.memory_limit), ("clients", setting.clients))
        yield from (("outcome", cell.outcome), ("reason", cell.reason))
        for name in ("value", "low", "high"):
            shown = "seconds" if name == "value" else name
            yield shown, getattr(estimate, name) if estimate else None
        yield from (("cold_seconds", cell.cold_seconds), ("peak_bytes", cell.peak_bytes))
        yield from (("rounds", len(cell.seconds)), ("rows", cell.rows))
        yield "version", cell.engine.version

    @cached_property
    def chart(self) -> alt.FacetChart:
        """Returns a chart of the engines' times by query, with intervals; a notebook draws it."""
        import altair as alt

        timed = self.frame[self.frame["outcome"] == "ok"]
        styles = self._results.engines.values()
        colours = {style.label: style.colour for style in styles}
        base = alt.Chart(timed).encode(y=alt.Y("engine:N", sort="x", title=None))
        bars = base.mark_bar().encode(
            x=alt.X("seconds:Q", title="seconds, median of the hot rounds"),
            color=alt.Color("engine:N", legend=None).scale(
                domain=list(colours), range=list(colours.values())
            ),
            tooltip=["query", "engine", "seconds", "low", "high", "ratio"],
        )
        errors = base.mark_rule().encode(x="low:Q", x2="high:Q")
        chart: alt.FacetChart = (
            alt.layer(bars, errors)
            .facet(row=alt.Row("query:N", title=None))
            .resolve_scale(x="independent", y="independent")
        )
        return chart

    @property
    def text(self) -> str:
        """Returns sentences that say which engine to use for each kind of work."""
        import report

        return "\n".join(verdict.text for verdict in report.verdicts(self.path))

    def __repr__(self) -> str:
        columns = ["query", "engine", "outcome", "seconds", "ratio"]
        columns += ["reason"] if self.frame["reason"].any() else []
        return f"{self.frame[columns].to_string(index=False)}\n{self.text}"

    def _repr_html_(self) -> str:
        """Returns the sentences, a picture of the chart and the table, as HTML for a notebook."""
        import html

        import vl_convert

        picture = vl_convert.vegalite_to_svg(self.chart.to_dict()) if self._is_timed else ""
        table = self.frame.to_html(index=False, max_cols=None, escape=True)
        return f"<p>{html.escape(self.text)}</p>{picture}{table}"

    @property
    def _is_timed(self) -> bool:
        return bool((self.frame["outcome"] == "ok").any())
