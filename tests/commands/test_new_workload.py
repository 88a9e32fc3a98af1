"""``harness new FILES``: the queries that it drafts run, and what it cannot use is named."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from harness.commands.cli import app
from harness.workload.file import load

FLIGHTS = "Order;tail;Delay\n" + "".join(
    f"{row};N{row % 7};{'NA' if row == 30 else row % 11}\n" for row in range(60)
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENGINEBENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "2013 Flights.csv").write_text(FLIGHTS)
    planes = {
        "tail": [f"N{tail}" for tail in range(7)],
        "maker": ["A", "B", "A", "B", "C", "A", "C"],
    }
    pq.write_table(pa.table(planes), tmp_path / "planes.parquet")
    return tmp_path


def new(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["new", *arguments])
    return done.exit_code, done.output


def test_two_files_with_a_common_key_are_joined(folder: Path) -> None:
    code, said = new("2013 Flights.csv", "planes.parquet", "--output", "draft.yaml")
    assert code == 0 and said.endswith("Next: pytest --benchmark draft.yaml\n"), said
    text = (folder / "draft.yaml").read_text()
    workload = load(folder / "draft.yaml")
    flights = workload.tables["t_2013_flights"]
    assert flights.csv_format.delimiter == ";" and flights.csv_format.null_values == ("", "NA")
    assert [query.name for query in workload.queries] == [
        "by_tail",
        "top_delay",
        "t_2013_flights_with_planes",
    ]
    assert "avg(Delay) as mean" in text and '"Order", tail, Delay' in text
    assert "# Delay: 'NA' (row 31) is no number" in text
    assert "# Order  int64      60 different: 0, 1, 2" in text
    assert max(map(len, text.splitlines())) <= 80


def test_no_file_is_overwritten(folder: Path) -> None:
    (folder / "planes.yaml").write_text("mine")
    code, said = new("planes.parquet")
    assert code == 2 and "planes.yaml is there already; choose another by --output" in said
    assert (folder / "planes.yaml").read_text() == "mine"


def test_a_table_may_be_called_as_a_word_of_yaml(folder: Path) -> None:
    (folder / "no.csv").write_text(FLIGHTS)
    code, said = new("no.csv")
    assert code == 0, said
    workload = load(folder / "no.yaml")
    assert (workload.title, *workload.tables) == ("no", "no")


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    code, said = new("plains.parquet")
    assert code == 2 and "there is no file 'plains.parquet'; did you mean 'planes.parquet'?" in said
