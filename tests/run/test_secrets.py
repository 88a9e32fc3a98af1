"""No password or token of an address is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.machine.worker_server import describe
from harness.words import without_secrets
from tests.support.benchmark_runs import MEANS, TABLE, Project, fakes

HIDDEN = {
    "postgresql://me:p@ss/w0rd@host:5432/db": "postgresql://me:***@host:5432/db",
    "postgresql://me:two words@host/db": "postgresql://me:***@host/db",
    "postgresql://me@host/db?password=hush&sslmode=require": (
        "postgresql://me@host/db?password=***&sslmode=require"
    ),
    "sc://host:15002/;use_ssl=true;token=hush;user_id=me": (
        "sc://host:15002/;use_ssl=true;token=***;user_id=me"
    ),
    r"host=h password='hush it\'s' dbname=d": "host=h password=*** dbname=d",
    r"""'host=h password=\'hush\' dbname=d'""": "'host=h password=***",
    "tcp://127.0.0.1:8786": "tcp://127.0.0.1:8786",
    "workloads/tokens.yaml::keys[a@b]": "workloads/tokens.yaml::keys[a@b]",
}


@pytest.mark.parametrize("text", HIDDEN)
def test_secrets_of_addresses_are_stars(text: str) -> None:
    assert without_secrets(text) == HIDDEN[text]


def test_a_failure_tells_none() -> None:
    error = ConnectionError("no connection to postgresql://me:hush@host/db")
    assert describe(error).message == "no connection to postgresql://me:***@host/db"


def test_results_page_and_journal_have_none(tmp_path: Path) -> None:
    yaml = f"tables: {{t: t.csv}}\nqueries:\n  q1: {MEANS}\n"
    project = Project(tmp_path).write(that_yaml=yaml, t_csv=TABLE)
    address = "dask=tcp://me:hush@127.0.0.1:1"
    done = project.benchmark("that.yaml", "--engines", fakes("Right"), "--connect", address)
    assert done.code == 0, done.all
    assert "--connect 'dask=tcp://me:***@127.0.0.1:1'" in project.results()["command"]
    texts = [f.read_text() for f in (tmp_path / "results").rglob("*") if f.is_file()]
    assert len(texts) >= 2
    assert not any("hush" in text for text in [*texts, done.all])


def test_a_wrong_address_is_told_without(tmp_path: Path) -> None:
    """Nor is one whose password no rule finds: it is not quoted at all."""
    project = Project(tmp_path).write(a_yaml="")
    addresses = ("duckdb=quack://me:hush@host", "dask=me:hush@host")
    wrong, strange = (project.benchmark("--connect", address) for address in addresses)
    assert (wrong.code, strange.code) == (4, 4)
    assert "--connect 'duckdb=quack://me:***@host': give ENGINE=ADDRESS" in wrong.err
    assert "an address with a user begins with its scheme" in strange.err
    assert "hush" not in wrong.all + strange.all
