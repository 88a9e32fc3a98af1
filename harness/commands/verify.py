"""The command ``harness verify``: a sample of a results file, measured anew on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from harness import engines
from harness.commands.trusted import named_engine, why_not
from harness.errors import HarnessError, ResultsError, UnknownEngine
from harness.machine.pytest_run import run_pytest
from harness.records.limits import limit_name
from harness.tables import Input
from harness.words import parse_seconds, visible
from harness.workload.compiler import engines_of
from harness.workload.file import Workload, load
from harness.workload.sample import evenly

if TYPE_CHECKING:
    from report.compare.statistics import Ratio
    from report.read.frame import ResultCell, Setting
    from report.read.sources import RunFile

WIDTH = 80


@dataclass(frozen=True)
class Pair:
    """A question of a results file, with the cells of two engines that are to be measured again.

    If the question has only one engine, there is one cell. ``file`` is the workload file here.
    """

    file: Path
    cells: tuple[ResultCell, ...]

    @property
    def setting(self) -> Setting:
        return self.cells[0].setting

    @property
    def query(self) -> str:
        return self.cells[0].query

    @property
    def name(self) -> str:
        where = self.setting
        limit = [limit_name(where.memory_limit)] if where.memory_limit else []
        clients = [f"{where.clients} clients"] if where.clients else []
        parts = [where.input, where.size, f"{where.threads} threads", *limit, *clients]
        return f"{where.workload}::{self.query}  {' · '.join(parts)}"


@dataclass(frozen=True)
class Judged:
    """What measuring a pair again showed: lines to print, and how many answers are right or wrong.

    ``other_programs`` counts programs with another text here. ``ratio`` says whether the ratio
    agrees; it is "" if it could not be compared.
    """

    lines: tuple[str, ...]
    right: int = 0
    wrong: int = 0
    other_programs: int = 0
    ratio: str = ""


def verify(
    results: Annotated[
        Path, typer.Argument(help="A results file, or a folder, of which the newest is taken.")
    ],
    sample: Annotated[
        int, typer.Option(min=1, help="The cells to measure anew, two engines of a query each.")
    ] = 12,
    budget: Annotated[str, typer.Option(help="What measuring may take, as 90s or 5m.")] = "1m",
) -> None:
    """Measure a sample of a results file anew, here: are answers, programs and ratios the same?

    Run it where the run's command was run, so that its workload files are found. Exit codes: 1
    where an answer is wrong, or another engine is ahead; 2 where nothing could be measured.

    Example: harness verify results/their-machine/2026-01-31T120000Z.json
    """
    import report
    from report.read.frame import cells_of
    from report.read.sources import newest

    try:
        seconds = parse_seconds(budget)
    except ValueError as error:
        raise HarnessError(f"--budget: {error}") from None
    try:
        run = newest(results, tell=lambda text: typer.echo(f"harness: {visible(text)}", err=True))
    except report.ReportError as error:
        raise ResultsError(str(error)) from error
    missing: dict[str, None] = {}
    cells = [cell for cell in cells_of(run.file) if cell.outcome == "ok"]
    able = [cell for cell in cells if not _missing(run, cell, missing)]
    pairs = _chosen(run, able, sample)
    _print_head(run, missing)
    if not pairs:
        raise HarnessError("nothing of these results can be measured here")
    judged = [one for group in _grouped(pairs) for one in _measured(group, seconds, len(pairs))]
    for one in judged:
        for line in one.lines:
            _say(line)
    typer.echo(_summary(judged))
    if not any(one.right or one.wrong for one in judged):
        raise typer.Exit(2)
    if any(one.wrong or one.ratio == AHEAD for one in judged):
        raise typer.Exit(1)


REPRODUCED, SAME = "reproduced", "other by more than the intervals"
OPEN, AHEAD = "not told apart here", "the other one is ahead"


def _missing(run: RunFile, cell: ResultCell, words: dict[str, None]) -> bool:
    """True if a cell of a results file cannot be measured here.

    The reason then becomes a key of ``words``, which collects each reason once.
    """
    reason = why_not(run, cell)
    if reason:
        words[reason] = None
    return bool(reason)


def _chosen(run: RunFile, cells: Iterable[ResultCell], count: int) -> list[Pair]:
    """Returns pairs of cells, of the fastest engine and another, for evenly spaced questions.

    ``count`` is the number of cells wanted, two for each question.
    """
    from statistics import median

    questions: dict[tuple[Setting, str], list[ResultCell]] = {}
    for cell in cells:
        if cell.seconds:
            questions.setdefault((cell.setting, cell.query), []).append(cell)
    several = [group for group in questions.values() if len(group) > 1] or [*questions.values()]
    pairs = []
    for number, place in enumerate(evenly(len(several), max(1, count // 2))):
        first, *others = sorted(several[place], key=lambda cell: median(cell.seconds))
        second = others[number % len(others) :][:1] if others else []
        file = Path(run.file.workloads[first.setting.workload].file)
        pairs.append(Pair(file, (first, *second)))
    return pairs


def _print_head(run: RunFile, missing: Iterable[str]) -> None:
    there = run.machine
    _say(f"there: {there.cpu}, {there.logical_cores} cores, {run.file.started:%Y-%m-%d}")
    for name, entry in run.file.engines.items():
        here = _version(name)
        if entry.version and here and here != entry.version:
            _say(f"{entry.label}: there {entry.version}, here {here}")
    for reason in missing:
        typer.echo(fill(f"left out: {visible(reason)}", WIDTH, subsequent_indent="  "))


def _say(line: str) -> None:
    """Prints a line that quotes a results file: its control characters are made visible."""
    typer.echo(visible(line.replace("\n", " ")))


def _version(name: str) -> str | None:
    try:
        return named_engine(name).version()
    except UnknownEngine:
        return None


def _grouped(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Returns the pairs in groups that one command can measure: of one file in one setting."""
    groups: dict[tuple[Path, Setting], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault((pair.file, pair.setting), []).append(pair)
    return [*groups.values()]


def _measured(pairs: Sequence[Pair], budget: float, count: int) -> list[Judged]:
    """Measures pairs of one file in one setting, and judges them.

    They get their share of ``budget``, the seconds for ``count`` pairs in all.
    """
    from report.read.frame import cells_of
    from report.read.sources import newest

    seconds = budget * len(pairs) / count
    with tempfile.TemporaryDirectory(prefix="enginebench-") as folder:
        ran = run_pytest(_command(pairs, seconds, folder))
        if ran.results is None:
            told = ran.printed.strip().splitlines() or ["pytest printed nothing"]
            words = next((line for line in told if pairs[0].file.name in line), told[-1])
            return [Judged((pair.name, f"  not measured: {visible(words)}")) for pair in pairs]
        found = {(c.query, c.engine.name): c for c in cells_of(newest(ran.results).file)}
    return [_judge(pair, found) for pair in pairs]


def _command(pairs: Sequence[Pair], seconds: float, folder: str) -> list[str]:
    """Returns Python's arguments that measure the cells of these pairs, and no other cells."""
    setting, workload = pairs[0].setting, load(pairs[0].file)
    selected = dict.fromkeys(_selected(workload, cell) for pair in pairs for cell in pair.cells)
    wanted = {(cell.query, cell.engine.name) for pair in pairs for cell in pair.cells}
    command = ["-P", "-m", "pytest", "-p", "no:cacheprovider", "--benchmark"]
    for pair in pairs:
        query = f"{pair.file}::{pair.query}"
        command.append(query)
        for name, _ in engines_of(workload.query(pair.query), selected):
            if (pair.query, name) not in wanted:
                id = f"{query}[{name}-{setting.input}-{setting.size}]"
                command += ["--deselect", id]
    command += ["--engines", ",".join(selected), "--size", setting.size]
    command += ["--input", str(Input(setting.input)), "--threads", str(setting.threads)]
    command += ["--memory-limit", str(setting.memory_limit)] if setting.memory_limit else []
    command += ["--clients", str(setting.clients)] if setting.clients else []
    return [*command, "--budget", f"{seconds:g}s", "--results", folder]


def _selected(workload: Workload, cell: ResultCell) -> str:
    """Returns the name for ``--engines`` that selects a cell's engine or a user's own program.

    ``pandas`` also selects ``mine=pandas``, the user's program in ``mine.py``.
    """
    name = cell.engine.name
    base = "" if engines.short(name) == name else name.partition("=")[2]
    own = base and any(one == name for one, _ in engines_of(workload.query(cell.query), [base]))
    return base if own else name


def _judge(pair: Pair, found: Mapping[tuple[str, str], ResultCell]) -> Judged:
    here = [found.get((pair.query, cell.engine.name)) for cell in pair.cells]
    lines, right, wrong, other = [pair.name], 0, 0, 0
    for then, now in zip(pair.cells, here, strict=True):
        name = engines.short(then.engine.name)
        if now is None or now.outcome != "ok":
            why = f"{now.outcome}: {now.reason}" if now else "not measured"
            lines.append(f"  {name}: {visible(why)}")
            wrong += now is not None and now.outcome not in ("skipped", "unavailable")
        else:
            right += 1
            differs = then.program_sha256 != now.program_sha256
            other += differs
            if differs:
                lines.append(f"  {name}: its program has another text here")
            if _table_rows(then) != _table_rows(now):
                lines.append(f"  its tables have {_table_rows(now):,} rows, and not those there")
    verdict, line = _ratio(pair.cells, [cell for cell in here if cell is not None])
    return Judged((*lines, *([line] if line else [])), right, wrong, other, verdict)


def _table_rows(cell: ResultCell) -> int:
    """Returns the number of rows of all tables of a cell together; 0 if it is unknown."""
    return (cell.extras.table_rows if cell.extras else None) or 0


def _ratio(there: Sequence[ResultCell], here: Sequence[ResultCell]) -> tuple[str, str]:
    """Returns how two engines' ratio here agrees with that there, and a line that says so.

    ``there`` are two cells of the results file, ``here`` the same two measured again. Both texts
    are "" if there is no ratio.
    """
    from report.compare.metrics import DEFAULT
    from report.compare.resampling import ratio_between
    from report.words.wording import interval, ratio

    ratios = []
    for cells in (there, here):
        values = [DEFAULT.estimate(cell) for cell in cells]
        if len(values) < 2 or values[0] is None or values[1] is None:
            return "", ""
        if (found := ratio_between(values[1], values[0])) is None:
            return "", ""
        ratios.append(found)
    told = [f"{ratio(one.value)} ({interval(*(one.interval or (None, None)))})" for one in ratios]
    then, now = (text.removesuffix(" ()") for text in told)
    names = " ÷ ".join(engines.short(cell.engine.name) for cell in reversed(there))
    verdict = _verdict(*ratios)
    return verdict, f"  {names}  there {then}  here {now}: {verdict}"


def _verdict(then: Ratio, now: Ratio) -> str:
    """Returns how the ratio measured here, ``now``, agrees with the results file's, ``then``.

    - OPEN: an interval is missing, or ``now`` shows neither a difference nor a tie.
    - REPRODUCED: the two intervals overlap.
    - SAME: they do not, but the same engine is ahead, or one ratio shows no difference.
    - AHEAD: the other engine is ahead here.
    """
    if then.interval is None or now.interval is None or (now.covers_one and not now.is_tie):
        return OPEN
    if then.interval[0] <= now.interval[1] and now.interval[0] <= then.interval[1]:
        return REPRODUCED
    if then.covers_one or now.covers_one or (then.value > 1) == (now.value > 1):
        return SAME
    return AHEAD


def _summary(judged: Sequence[Judged]) -> str:
    """Returns sentences: how many answers, programs and ratios agree with the results file."""
    right = sum(one.right for one in judged)
    count = right + sum(one.wrong for one in judged)
    same = right - sum(one.other_programs for one in judged)
    ratios = [one.ratio for one in judged if one.ratio]
    parts = [f"{ratios.count(kind)} {kind}" for kind in (REPRODUCED, SAME, OPEN, AHEAD)]
    told = "; ".join(part for part in parts if not part.startswith("0 ")) or "none compared"
    return fill(
        f"{right} of {count} answers are right here; {same} of {right} programs have the same "
        f"text. Ratios: {told}.",
        WIDTH,
    )
