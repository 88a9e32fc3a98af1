"""Describes a run's machine, environment and noise in words, for the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.records.runs import EnvironmentEntry, NoiseEntry, WorkloadEntry
from report.read.frame import EngineStyle
from report.read.sources import RunFile

GIBIBYTE = 2**30


def gibibytes(count: int) -> str:
    return f"{count / GIBIBYTE:.3g}"


def noise(entry: NoiseEntry | None) -> str:
    """Returns a phrase on how much the probe's time changed during a run, or "not measured"."""
    if entry is None or entry.moved is None:
        return "not measured"
    direction = "slower" if entry.moved >= 0 else "faster"
    spread = "" if entry.scattered is None else f", scattered by {entry.scattered:.0%}"
    quiet = "noisy" if entry.noisy else "quiet"
    return f"{quiet}: up to {abs(entry.moved):.0%} {direction}{spread}"


def noise_verdict(runs: Sequence[RunFile]) -> str:
    """Returns a sentence or two on whether the machine was noisy in these runs, and how much."""
    known = [
        run.file.noise
        for run in runs
        if run.file.noise is not None and run.file.noise.noisy is not None
    ]
    noisy = [entry for entry in known if entry.noisy]
    if not known:
        return "The noise of the machine was not measured."
    if not noisy:
        return (
            "The machine was quiet: a fixed piece of work, repeated during the run, took nearly "
            "the same time throughout."
        )
    which = "" if len(runs) == 1 else f" in {len(noisy)} of {len(runs)} runs"
    return (
        f"The machine was noisy{which}: a fixed piece of work, repeated during the run, "
        f"{_strayed(noisy)}. Smaller differences may not be there on a quiet machine."
    )


def _strayed(noisy: Sequence[NoiseEntry]) -> str:
    """Returns a phrase on how much the time of the probe changed and scattered at most."""
    moved = max((abs(entry.moved or 0.0) for entry in noisy), default=0.0)
    scattered = max((entry.scattered or 0.0 for entry in noisy), default=0.0)
    return (
        f"came to take up to {moved:.0%} more or less than before, and scattered by {scattered:.0%}"
    )


def environment(entry: EnvironmentEntry | None) -> list[tuple[str, str]]:
    """Returns facts about a run's environment as pairs (name, text); unknown ones are left out."""
    return [] if entry is None else list(_facts(entry))


def engines(styles: Iterable[EngineStyle]) -> list[tuple[str, str]]:
    """Returns pairs (label, text): what an engine is, and how many megabytes are installed of it.

    An engine of which neither is known has none.
    """
    told = [(style.label, list(_about(style))) for style in styles]
    return [(label, " ".join(parts)) for label, parts in told if parts]


def _about(style: EngineStyle) -> Iterator[str]:
    if style.note:
        yield style.note
    if style.clients:
        yield f"Several clients: {style.clients}."
    if style.installed_bytes:
        yield f"{style.installed_bytes / 1e6:,.0f} MB installed, with what it requires."


def data(workloads: Mapping[str, WorkloadEntry]) -> list[tuple[str, str]]:
    """Returns pairs (``Data of NAME``, text): how a workload's tables differ from the user's files.

    A workload whose tables do not differ has none.
    """
    return [(f"Data of {name}", "; ".join(w.notes)) for name, w in workloads.items() if w.notes]


def _facts(entry: EnvironmentEntry) -> Iterator[tuple[str, str]]:
    if entry.governor is not None:
        yield "Clock governor", entry.governor
    if entry.disk is not None:
        kind = {True: ", rotating", False: ", solid-state", None: ""}[entry.disk.rotational]
        yield "Disk", f"{entry.disk.device}, {entry.disk.filesystem}{kind}"
    if entry.quota_cores is not None:
        yield "Granted", f"{entry.quota_cores:g} cores"
    if entry.memory_limit_bytes is not None:
        yield "Memory limit", f"{gibibytes(entry.memory_limit_bytes)} GiB"
    loads = {"before": entry.load_before, "during": entry.load_during}
    known = [f"{load:.1f} {when}" for when, load in loads.items() if load is not None]
    if known:
        yield "Load", ", ".join(known)
    yield from sorted(entry.variables.items())
