"""Runs benchmarks with known outcomes -> lines with what was expected and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from harness import engines
from harness.commands.selfcheck.planted import (
    ALLOCATED_BYTES,
    BURN_SECONDS,
    SLEEP_SECONDS,
    STOPWATCH,
)
from harness.commands.selfcheck.trial import Trial, TrialCell
from harness.measure.rounds import BLOCK_SECONDS
from harness.records.medians import FEWEST_ROUNDS
from report.compare.resampling import ratio_between
from report.compare.statistics import Estimate, Sample, estimate_median

PLANTED = """\
tables: {t: t.csv}
queries:
  q: select k, avg(x) as mean from t group by k
"""
GROUPS = """\
input: [{inputs}]
data: {{generator: groupby, sizes: {{small: {{rows: {rows}}}}}}}
queries:
  q: select x.id3, sum(x.v1) as v1, avg(x.v3) as v3 from x group by x.id3
"""
SLACK_SECONDS = 9.0
"""The time that a cell may take beyond its hot rounds."""
MEMORY_LIMIT_BYTES = 10**9
ADDED_SECONDS = 1e-4
NEIGHBOUR = "harness.commands.selfcheck.neighbours:Thrashing"
ENDLESS_ROUNDS = 100_000
"""The fewest rounds of a cell that shall use all of its time."""
FAULTS = {
    "Wrong": "wrong",
    "Late": "timeout",
    "Hungry": "oom",
    "HungryChild": "oom",
    "Dying": "error",
}
"""A faulty engine -> the outcome that its cell must have."""


@dataclass(frozen=True)
class Line:
    """The result of one check, which is a line of the table that ``harness selfcheck`` prints."""

    what: str
    expected: str
    measured: str
    passed: bool


@dataclass(frozen=True)
class Effort:
    """How large the checks are: rows of the generated table, seconds of rounds for each cell."""

    rows: int
    seconds: float

    @property
    def options(self) -> tuple[str, ...]:
        return "--budget", "24h", "--benchmark-max-time", f"{self.seconds:g}"


FULL = Effort(rows=1_000_000, seconds=5.0)
QUICK = Effort(rows=100_000, seconds=0.5)


def lines(
    trial: Trial, effort: Effort, names: Sequence[str], tell: Callable[[str], None]
) -> Iterator[Line]:
    """Runs all checks with these engines, and yields their results.

    ``tell`` is called with a text before each group of checks. Raises TrialFailed if a run leaves
    no results.
    """
    tell(f"{names[0]} against itself")
    yield against_itself(trial, effort, names[0])
    tell("an engine beside others, and after they have left")
    for name in names:
        if not engines.get(name).on_gpu:
            yield beside_others(trial, effort, name)
    tell("engines that do known things, and that fail in known ways")
    yield from known_things(trial, effort)
    tell("one thread")
    yield from one_thread(trial, effort, names)
    left = trial.left_over()
    yield Line("processes left over", "none", f"{len(left) or 'none'}", not left)


def against_itself(trial: Trial, effort: Effort, name: str) -> Line:
    """Runs one engine under two names, and checks that their times do not differ."""
    text = GROUPS.format(inputs="memory", rows=effort.rows)
    return same(name, *trial.run(text, [name, f"again={name}"], effort.options))


def beside_others(trial: Trial, effort: Effort, name: str) -> Line:
    """Checks that an engine's times do not change while a disturbing engine takes turns with it.

    The engine's rounds beside the disturbing engine are compared with its rounds after that one has
    ended.
    """
    text = GROUPS.format(inputs="memory", rows=effort.rows)
    endless = ("--benchmark-min-rounds", f"{ENDLESS_ROUNDS}")
    names = [name, f"beside={NEIGHBOUR}"]
    cell, other = trial.run(text, names, [*effort.options, *endless])
    what, expected = f"{name} beside others and without", "medians within 3%"
    if not (cell.seconds and other.seconds):
        return Line(what, expected, _outcome(other if cell.seconds else cell), False)
    if median(cell.seconds) >= BLOCK_SECONDS:
        return Line(what, expected, "each of its rounds is a block by itself", True)
    last = max(other.info["turns"])
    pairs = list(zip(cell.info["turns"], cell.seconds, strict=True))
    beside = [seconds for turn, seconds in pairs if turn <= last]
    without = [seconds for turn, seconds in pairs if turn > last]
    if not without:
        return Line(what, expected, "it did not outlast the other", False)
    apart = median(beside) / median(without) - 1
    times = f"{median(beside) * 1e3:.2f} and {median(without) * 1e3:.2f} ms"
    return Line(what, expected, f"{times} ({apart:+.1%})", abs(apart) <= 0.03)


def same(name: str, one: TrialCell, other: TrialCell) -> Line:
    """Checks that the times of two cells of the engine ``name`` do not differ."""
    what = f"{name} against itself"
    expected = "95% interval covers 1; medians within 3%"
    if not (one.seconds and other.seconds):
        return Line(what, expected, _outcome(other if one.seconds else one), False)
    ratio = ratio_between(_estimate(one), _estimate(other))
    if ratio is None or ratio.interval is None:
        return Line(what, expected, f"fewer than {FEWEST_ROUNDS} rounds", False)
    low, high = ratio.interval
    measured = f"{ratio.value:.3f} ({low:.3f} to {high:.3f})"
    return Line(what, expected, measured, ratio.covers_one and abs(ratio.value - 1) <= 0.03)


def _estimate(cell: TrialCell) -> Estimate:
    return estimate_median(Sample(cell.seconds, tuple(cell.info["turns"]), run="both"))


def known_things(trial: Trial, effort: Effort) -> Iterator[Line]:
    notes = trial.folder / "stopwatch"
    checks: Mapping[str, Callable[[TrialCell], Line]] = {
        "Sleeping": slept,
        "Timing": lambda cell: added(cell, [float(x) for x in notes.read_text().split()]),
        "Allocating": lambda cell: allocated("memory of a known allocation", cell),
        "AllocatingChild": lambda cell: allocated("memory, with a forked child", cell),
        "Burning": lambda cell: burnt("processor time of one thread", cell, 1),
        "BurningTwice": lambda cell: burnt("processor time of two threads", cell, 2),
        "BurningChild": lambda cell: burnt("processor time of a child", cell, 1),
    }
    timeout = f"{effort.seconds + SLACK_SECONDS:g}"
    limits = ["--timeout", timeout, "--memory-limit", f"{MEMORY_LIMIT_BYTES}"]
    names = _planted([*checks, *FAULTS])
    cells = trial.run(PLANTED, names, [*effort.options, *limits], **{STOPWATCH: str(notes)})
    for (name, check), cell in zip(checks.items(), cells, strict=False):
        yield check(cell) if cell.seconds else Line(name, "ok", _outcome(cell), False)
    for (name, outcome), cell in zip(FAULTS.items(), cells[len(checks) :], strict=True):
        what = f"an engine that is {_description(name)}"
        yield Line(what, outcome, _outcome(cell), cell.outcome == outcome)


def slept(cell: TrialCell) -> Line:
    seconds = median(cell.seconds)
    off = seconds / SLEEP_SECONDS - 1
    what = f"a sleep of {SLEEP_SECONDS * 1e3:g} ms"
    return Line(what, "within 1%", f"{seconds * 1e3:.2f} ms ({off:+.2%})", abs(off) <= 0.01)


def added(cell: TrialCell, own: Sequence[float]) -> Line:
    """Checks that recorded seconds exceed those of an engine's own stopwatch by few microseconds.

    ``own`` holds the seconds of each run by that stopwatch.
    """
    added = median(cell.seconds) - median(own)  # own has uncounted rounds, too, which are alike
    expected = f"at most {ADDED_SECONDS * 1e6:g} µs"
    return Line(
        "time added to a round", expected, f"{added * 1e6:.1f} µs", 0 <= added <= ADDED_SECONDS
    )


def allocated(what: str, cell: TrialCell) -> Line:
    size = cell.info["peak_bytes"] - cell.info["baseline_bytes"]
    off = size / ALLOCATED_BYTES - 1
    expected = f"{ALLOCATED_BYTES / 1e6:.0f} MB within 5%"
    return Line(what, expected, f"{size / 1e6:.0f} MB ({off:+.1%})", abs(off) <= 0.05)


def burnt(what: str, cell: TrialCell, threads: int) -> Line:
    seconds, known = median(cell.info["cpu_seconds"]), threads * BURN_SECONDS
    off = seconds / known - 1
    return Line(what, f"{known:g} s within 10%", f"{seconds:.3f} s ({off:+.1%})", abs(off) <= 0.1)


def one_thread(trial: Trial, effort: Effort, names: Sequence[str]) -> Iterator[Line]:
    """Checks that engines with one thread keep at most 1.1 cores busy."""
    text = GROUPS.format(inputs="memory, parquet", rows=effort.rows)
    for cell in trial.run(text, names, [*effort.options, "--threads", "1"]):
        if cell.outcome not in ("unsupported", "unavailable"):
            yield kept_to_one_thread(cell)


def kept_to_one_thread(cell: TrialCell) -> Line:
    what, expected = f"{cell.engine} on one thread, {cell.input}", "at most 1.1 cores"
    if not cell.seconds:
        return Line(what, expected, _outcome(cell), False)
    pairs = zip(cell.info["cpu_seconds"], cell.seconds, strict=True)
    cores = median(cpu / wall for cpu, wall in pairs)
    return Line(what, expected, f"{cores:.2f} cores", cores <= 1.1)


def installed() -> list[str]:
    """Returns the names of the engines that can run here."""
    return [name for name in engines.names() if not engines.get(name).unavailable()]


def _planted(names: Sequence[str]) -> list[str]:
    return [f"{name}=harness.commands.selfcheck.planted:{name}" for name in names]


def _description(name: str) -> str:
    return {"HungryChild": "hungry, by a child"}.get(name, name.lower())


def _outcome(cell: TrialCell) -> str:
    reason = cell.reason.strip().partition("\n")[0].removesuffix("; its last words:")
    return f"{cell.outcome}: {reason}" if reason else cell.outcome
