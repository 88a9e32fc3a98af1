"""Writes `Changes` in words: verdicts, cautions, and the result of --fail-above."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median

from harness.records.medians import FEWEST_ROUNDS, TIE_MARGIN
from report.compare.changes import Change, Changes, ChangeVerdict, Side
from report.compare.metrics import Metric
from report.read.sources import RunFile
from report.words import wording
from report.words.names import WORDS as OUTCOMES

WORSE_AND_BETTER = {"peak": ("more", "less"), "cpu": ("more", "less")}
"""The words for worse and better, if they are not slower and faster."""
PROBE_MARGIN = 0.05
"""If the probe differs by more than this between two runs, a caution says so."""
MACHINE = ("name", "cpu", "logical_cores", "memory_bytes", "system", "kernel", "python")
"""The fields of a machine whose differences a caution names."""


def verdict(change: Change, metric: Metric) -> str:
    """Returns a change's verdict in words: ``1.25× slower``, ``tie``, ``lost``."""
    if change.ratio is None or change.verdict not in (ChangeVerdict.SLOWER, ChangeVerdict.FASTER):
        return str(change.verdict)
    worse, better = WORSE_AND_BETTER.get(metric.name, ("slower", "faster"))
    if change.verdict is ChangeVerdict.SLOWER:
        return f"{wording.times(change.ratio.value)} {worse}"
    return f"{wording.times(1 / change.ratio.value)} {better}"


def side(side: Side, metric: Metric) -> str:
    """Returns the value of one of the two runs with its unit or, without a value, the outcome."""
    if side.cell.outcome != "ok":
        return OUTCOMES.get(side.cell.outcome, side.cell.outcome)
    if side.estimate is None:
        return "not measured"
    return wording.measured(side.estimate.value, metric.unit)


def note(change: Change) -> str:
    """Returns the ratio with its interval as text; without a ratio the outcome's reason, or ""."""
    if change.ratio is not None:
        return ratio(change.ratio.value, *(change.ratio.interval or (None, None)))
    for each in (change.after, change.before):
        if each.cell.reason:
            return each.cell.reason
    return ""


def ratio(value: float, low: float | None, high: float | None) -> str:
    """Returns a ratio with its interval as text: ``1.25 (1.20–1.31)``."""
    spread = wording.interval(low, high)
    return f"{value:.2f} ({spread})" if spread else f"{value:.2f}"


def gate(changes: Changes, above: float) -> str:
    """Returns a sentence on how many regressions --fail-above finds, and by which rule."""
    found = len(changes.regressions(above))
    number = "no regression" if found == 0 else wording.count(found, "regression")
    unsure = len(changes.unsure(above))
    cells = wording.count(unsure, "more cell")
    more = f"; {cells} may be worse by as much, but cannot be told apart yet"
    return (
        f"{number} above {100 * above:.4g}%: cells that are lost, and those of which the nearer "
        f"end of the 95% interval of after ÷ before is above {1 + above:.4g}"
        f"{more if unsure else ''}"
    )


def hidden(verdicts: Sequence[ChangeVerdict]) -> str:
    """Returns what a listing leaves out, in words: ``14 ties, 3 cells not told apart yet``."""
    found = Counter(verdicts)
    parts = [
        *([wording.count(found[ChangeVerdict.TIE], "tie")] if found[ChangeVerdict.TIE] else []),
        *([f"{wording.count(number, 'cell')} not told apart yet"]
          if (number := found[ChangeVerdict.UNCLEAR]) else []),
        *([f"{wording.count(number, 'cell')} without a value"]
          if (number := found[ChangeVerdict.NONE]) else []),
    ]  # fmt: skip
    return f"not listed (see --all): {wording.join(parts)}"


def run(run: RunFile) -> str:
    """Returns a line about a run: its path, start, machine, and versions of engines."""
    engines = [
        f"{name} {entry.version}" for name, entry in run.file.engines.items() if entry.version
    ]
    started = f"{run.file.started:%Y-%m-%d %H:%M %Z}"
    return " · ".join([str(run.path), started, run.machine.name, ", ".join(engines)])


def cautions(changes: Changes) -> list[str]:
    """Returns sentences, each of which names something that limits the trust in the verdicts."""
    before, after = changes.before, changes.after
    found = [*_machines(before, after), *_probes(before, after)]
    for name, each in (("first", before), ("second", after)):
        if each.file.interrupted:
            found.append(f"the {name} run was interrupted")
        if each.file.noise is not None and each.file.noise.noisy:
            found.append(f"the machine was noisy during the {name} run: see its probe")
    if changes.gone or changes.new:
        found.append(
            f"{wording.count(len(changes.gone), 'cell')} only in the first run, "
            f"{len(changes.new)} only in the second"
        )
    if changes.rewritten:
        number = wording.count(len(changes.rewritten), "cell")
        found.append(f"{number} left out: the SQL of the query is not the same in the two runs")
    if single := sum(c.ratio is not None and c.ratio.interval is None for c in changes.changes):
        found.append(
            f"{wording.count(single, 'ratio')} without an interval (a single number, or fewer than "
            f"{FEWEST_ROUNDS} rounds): less than {TIE_MARGIN:.0%} apart is not told apart"
        )
    return found


def _machines(before: RunFile, after: RunFile) -> list[str]:
    pairs = [(f, getattr(before.machine, f), getattr(after.machine, f)) for f in MACHINE]
    differ = [f"{field} {one} and {other}" for field, one, other in pairs if one != other]
    return [f"the machines differ: {'; '.join(differ)}"] if differ else []


def _probes(before: RunFile, after: RunFile) -> list[str]:
    """Returns a caution, in a list, if the probe's median time differs much between the two runs.

    The probe is a fixed piece of work; PROBE_MARGIN is the share by which it may differ.
    """
    noises = before.file.noise, after.file.noise
    old, new = (noise.probe_seconds if noise is not None else () for noise in noises)
    if not old or not new:
        return []
    ratio = median(new) / median(old)
    if abs(math.log(ratio)) <= math.log1p(PROBE_MARGIN):
        return []
    return [
        f"the machine itself was {wording.times(max(ratio, 1 / ratio))} "
        f"{'slower' if ratio > 1 else 'faster'} in the second run, by its probe: engines may be "
        "as they were"
    ]
