"""Results files: what the report takes, what it refuses, and how several are merged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from report.__main__ import main
from report.compare.comparison import compare
from report.errors import MalformedResults, MissingResults, ReportError, UnknownVersion
from report.page.output import build
from report.page.payload import Payload
from report.read.frame import load
from report.read.schema import read
from report.read.sources import find
from report.words import names
from tests.support.page_script import script_of
from tests.support.results_factory import ENGINES, Asked, Document, document, write

OK = Asked("q1", "polars", (0.2, 0.1, 0.3))
MORNING, EVENING = "2026-11-20T09:30:00+00:00", "2026-11-20T19:30:00+00:00"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "laptop" / "one.json", document([OK]))


def refusal(path: Path) -> str:
    with pytest.raises(ReportError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(path), "FILE")


def test_a_file_is_read_with_every_round(file: Path) -> None:
    (cell,) = load([file]).cells
    assert (cell.seconds, cell.outcome, cell.engine.version) == ((0.2, 0.1, 0.3), "ok", "2.1.0")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.json") == "FILE: cannot be read: No such file or directory"


@pytest.mark.parametrize("text", ["{", "", '{"format_version": NaN}', '{"title": "\\ud800"}'])
def test_what_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    assert refusal(tmp_path / "bad.json").startswith("FILE: not JSON: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"format_version": 1}\n',
            "not the journal of a run: line 1: started: Field required (and",
        ),
        ('{"started": 1}\n', "format_version is None, and this report reads 1; build the report"),
        ("[1]\n", "not a results file: its top level is not an object"),
        ("", "not JSON: "),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.journal").write_text(text)
    assert refusal(tmp_path / "bad.journal").startswith(f"FILE: {message}")


def test_another_format_version_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "new.json", document([OK], format_version=2))
    with pytest.raises(UnknownVersion, match="format_version is 2, and this report reads 1"):
        read(path)


def spoilt(**changes: object) -> Document:
    content = document([OK])
    content["cells"][0].update(changes)
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (spoilt(outcome="fine"), "FILE: cells[0].outcome: Input should be 'ok', "),
        (spoilt(outcome="wrong"), "FILE: cells[0]: outcome 'wrong' needs a reason"),
        (spoilt(engine="nobody"), "its engine is not under 'engines'"),
        (spoilt(query="q9"), "its query is not under 'workloads'"),
        (spoilt(program_sha256="0"), "its program is not under 'programs'"),
        (spoilt(size="large"), "is not in 'benchmarks'"),
        (document([OK], programs={OK.sha256: "rm"}), "is not its text's SHA-256"),
        (document([OK, OK]), "is listed 2 times"),
        (document([OK], benchmarks=[]), "is not in 'benchmarks'"),
        (document([OK], engines={"polars": {**ENGINES["polars"], "colour": "red;}"}}), ".colour: "),
        (document([Asked("q1", "polars", (-1.0,))]), "greater than or equal to 0"),
        (document([OK], finished="2026-11-20T09:30:00"), "FILE: finished: "),
    ],
)
def test_a_file_that_contradicts_the_format_is_refused(
    tmp_path: Path, content: Document, message: str
) -> None:
    assert message in refusal(write(tmp_path / "bad.json", content))


def test_for_equal_cells_the_newest_run_is_in_view_and_the_older_is_kept(tmp_path: Path) -> None:
    old = write(tmp_path / "b.json", document([OK], started=MORNING))
    again = Asked("q1", "polars", (0.5, 0.5, 0.5))
    new = write(tmp_path / "a.json", document([again], started=EVENING))
    results = load([new, old])
    assert [cell.seconds for cell in results.cells] == [(0.5, 0.5, 0.5)]
    assert [cell.seconds for cell in results.superseded] == [(0.2, 0.1, 0.3)]


def test_two_versions_of_an_engine_stand_side_by_side(tmp_path: Path) -> None:
    older = {"polars": {**ENGINES["polars"], "version": "1.9.0"}}
    files = [
        write(tmp_path / "a.json", document([OK], engines=older, started=MORNING)),
        write(tmp_path / "b.json", document([OK], started=EVENING)),
    ]
    assert [cell.engine.version for cell in load(files).cells] == ["2.1.0", "1.9.0"]


@pytest.mark.parametrize("second", [MORNING, EVENING])
def test_rounds_of_two_runs_are_no_pairs(tmp_path: Path, second: str) -> None:
    """Turns of two runs have equal numbers; taken as pairs, they would show pandas 10% slower.

    Two jobs of a build may begin in one second, on machines of one name.
    """
    drift = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2)
    polars = Asked("q1", "polars", drift)
    pandas = Asked("q1", "pandas", [1.1 * each for each in drift])
    (together,) = compare(load([taking_turns(tmp_path / "c.json", [polars, pandas])])).tasks
    paths = [
        taking_turns(tmp_path / "a.json", [polars], started=MORNING),
        taking_turns(tmp_path / "b.json", [pandas], started=second),
    ]
    (apart,) = compare(load(paths)).tasks
    standings = [task.standing for task in (together, apart)]
    assert [len(each.unclear) for each in standings] == [0, 1]
    assert [each.tied for each in standings] == [(), ()]


def test_runs_that_began_in_one_second_keep_their_own_probes(tmp_path: Path) -> None:
    pandas, probes = Asked("q1", "pandas", (0.5, 0.5, 0.5)), ([0.01] * 5, [0.02] * 5)
    noises = [{"probe_seconds": each, "moved": 0.0} for each in probes]
    files = [
        write(tmp_path / f"{cell.engine}.json", document([cell], noise=noise))
        for cell, noise in zip((OK, pandas), noises, strict=True)
    ]
    results = load(files)
    comparison = compare(results)
    columns = names.columns(comparison.engines, results.engines)
    data = Payload(results, comparison, columns, {})
    runs, cells = data.outline()["runs"], data.numbers()["cells"]
    assert [runs[at]["probe"] for at in cells["run"]] == [0.01, 0.02]
    assert len({run["id"] for run in runs}) == 2


def taking_turns(path: Path, cells: list[Asked], **fields: str) -> Path:
    content = document(cells, **fields)
    for entry in content["benchmarks"]:
        entry["extra_info"]["turns"] = list(range(len(entry["stats"]["data"])))
    return write(path, content)


def test_an_engine_that_was_not_installed_yields_to_one_that_was(tmp_path: Path) -> None:
    absent = {"polars": {**ENGINES["polars"], "version": None, "unavailable": "not installed"}}
    none = Asked("q1", "polars", outcome="unavailable", reason="not installed")
    files = [
        write(tmp_path / "a.json", document([none], engines=absent, started=EVENING)),
        write(tmp_path / "b.json", document([OK], started=MORNING)),
    ]
    assert [cell.outcome for cell in load(files).cells] == ["ok"]


def test_a_cell_whose_query_has_other_sql_since_is_left_out(tmp_path: Path) -> None:
    other = Asked("q1", "duckdb", (0.1, 0.1, 0.1))
    files = [
        write(tmp_path / "a.json", document([OK], started=MORNING)),
        write(tmp_path / "b.json", document([other], sql={"q1": "select 2"}, started=EVENING)),
    ]
    results = load(files)
    assert [cell.engine.name for cell in results.cells] == ["duckdb"]
    assert [cell.engine.name for cell in results.outdated] == ["polars"]


def test_a_build_that_fails_leaves_the_old_page_and_no_other_file(tmp_path: Path) -> None:
    output = tmp_path / "out" / "index.html"
    output.parent.mkdir()
    output.write_text("old")
    with pytest.raises(MissingResults):
        build([tmp_path / "none.json"], output)
    assert output.read_text() == "old"
    assert list(output.parent.iterdir()) == [output]


def command(*arguments: str) -> tuple[int, str]:
    import typer

    app = typer.Typer()
    app.command()(main)
    outcome = CliRunner().invoke(app, arguments)
    return outcome.exit_code, outcome.output


def test_the_command_writes_the_page_and_says_where(file: Path, tmp_path: Path) -> None:
    output = tmp_path / "page.html"
    assert command(str(file), "-o", str(output), "--title", "Mine") == (0, f"{output}\n")
    assert "<h1><bdi>Mine</bdi></h1>" in output.read_text()


def test_without_arguments_all_machines_results_are_read(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = file.parents[1] / "results"
    write(results / "laptop" / "two.json", document([OK]))
    other = Asked("q9", "duckdb", OK.seconds, workload="elsewhere")
    write(results / "shown_in_readme.json", document([other]))
    monkeypatch.chdir(file.parents[1])
    assert command() == (0, "results/index.html\n")
    assert "elsewhere" not in Path("results/index.html").read_text()


def test_each_fault_has_its_exit_code_and_one_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("[]")
    new = write(tmp_path / "new.json", document([OK], format_version=9))
    codes = [command(str(path))[0] for path in (tmp_path / "none.json", bad, new)]
    assert codes == [2, 3, 4]
    message = f"report: {bad}: not a results file: its top level is not an object\n"
    assert command(str(bad)) == (3, message)


def test_an_unusable_file_among_others_is_left_out_and_told_of(file: Path, tmp_path: Path) -> None:
    half = tmp_path / "laptop" / "half.json"
    half.write_text(file.read_text()[:500])
    new = write(tmp_path / "laptop" / "new.json", document([OK], format_version=2))
    output = tmp_path / "page.html"
    code, text = command(str(tmp_path), "-o", str(output))
    assert code == 0
    assert f"report: left out {half}: not JSON: " in text
    assert f"report: left out {new}: format_version is 2, and this report reads 1; " in text
    listed = output.read_text().split("Files left out")[1].split("</ul>")[0]
    assert "<code>half.json</code>" in listed and "<code>new.json</code>" in listed
    assert str(tmp_path) not in listed
    assert [cell.engine.name for cell in load([half, file]).cells] == ["polars"]


def test_a_path_that_names_nothing_is_an_error_among_others(file: Path, tmp_path: Path) -> None:
    assert command(str(file), str(tmp_path / "none.json"))[0] == 2


def test_where_no_file_can_be_used_the_first_fault_is_raised(tmp_path: Path) -> None:
    bad = write(tmp_path / "a.json", {})
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(UnknownVersion, match="format_version is None"):
        load([bad, tmp_path / "b.json"])


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingResults, match="run 'pytest --benchmark' first"):
        find([tmp_path])


def test_a_file_without_the_optional_measurements_is_read(tmp_path: Path) -> None:
    content = document([OK])
    nothing = {"rows": None, "cold_seconds": None, "peak_bytes": None, "baseline_bytes": None}
    content["benchmarks"][0]["extra_info"].update(nothing)
    verdict = script_of(tmp_path, content).view("verdict(0, view.state)")
    assert verdict.startswith("Polars is fastest: ")


def test_a_round_without_its_cpu_seconds_is_refused(tmp_path: Path) -> None:
    content = json.loads(json.dumps(document([OK])))
    content["benchmarks"][0]["extra_info"]["cpu_seconds"].pop()
    with pytest.raises(MalformedResults, match="differ in length"):
        read(write(tmp_path / "bad.json", content))
