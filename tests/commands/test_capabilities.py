"""``harness doctor --functions``: what each engine does of SQL, and the document made of it."""

from __future__ import annotations

import io
import os
import re
import tomllib

import pytest
from rich.console import Console
from typer.testing import CliRunner

from harness import engines
from harness.commands.capabilities import REFEREE, as_list, as_markdown, as_tables, matrix
from harness.commands.cli import app
from harness.engines.constructs import CONSTRUCTS
from tests.places import ROOT

DOCUMENT = ROOT / "docs" / "CAPABILITIES.md"


def printed(what: object, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(what)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def own_engines() -> list[str]:
    """Returns the names of this project's own engines, without those that other packages have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [n for n in project["entry-points"]["harness.engines"] if n != REFEREE]


def test_nothing_wraps_at_80_columns() -> None:
    names = ["dask", "datafusion", "pandas", "polars", "polars-sql-gpu", "pyarrow", "cudf-pandas"]
    found = matrix(names)
    text = printed(as_tables(found, 80), 80)
    assert all(len(line) <= 80 for line in text.splitlines())
    tables, below = text.split("on every engine:")
    for each in found:
        rows = re.findall(rf"^{re.escape(each.written)} +(?:ok|cannot|not).*", tables, re.MULTILINE)
        assert rows or each.written in below
        cells = [row.removeprefix(each.written) for row in rows]
        assert all(re.fullmatch(r"( +(ok \*|ok|cannot|not yet))+ *", cell) for cell in cells), rows


def test_a_cell_is_what_the_compiler_says() -> None:
    found = {(c.group, c.written): row for c, row in matrix(["pandas", "dask", "pyarrow"]).items()}
    assert found["Types", "try_cast(x as type)"]["pyarrow"] == "cannot"
    assert found["Aggregates of all rows", "median(x)"] == {
        "pandas": "ok",
        "dask": "cannot",
        "pyarrow": "ok",
    }
    assert found["Aggregates of groups", "string_agg(s order by x)"]["dask"] == "not yet"
    assert found["Texts", "substring(s, 1, 2)"]["pandas"] == "ok *"


def test_a_list_has_every_gap_and_special_value() -> None:
    text = " ".join(printed(as_list("pyarrow"), 80).split())
    assert f"of {len(CONSTRUCTS)} functions and constructs" in text
    assert "always: Arrow's casts raise for a text that they cannot read" in text
    assert "a substring of a computed length" in text
    assert "floats that may be NaN, in greatest()" in text
    assert all(gap.when in text for gap in engines.get("pyarrow").gaps)


def test_the_command_prints_the_list_and_suggests_names() -> None:
    done = CliRunner().invoke(app, ["doctor", "--functions", "--engine", "polars-sql"])
    assert done.exit_code == 0
    assert "an aggregate of a frame that does not end with the row" in done.stdout
    wrong = CliRunner().invoke(app, ["doctor", "--functions", "--engine", "polas"])
    assert wrong.exit_code == 2
    assert "did you mean 'polars'" in wrong.stderr


def test_the_document_is_current() -> None:
    """docs/CAPABILITIES.md is what ``harness doctor --functions --markdown`` prints.

    ``UPDATE_GOLDEN=1`` writes it.
    """
    text = as_markdown(own_engines())
    if "UPDATE_GOLDEN" in os.environ:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text, encoding="utf-8")
    if DOCUMENT.read_text(encoding="utf-8") != text:
        pytest.fail("run: harness doctor --functions --markdown > docs/CAPABILITIES.md")
    assert "CAPABILITIES.md" in (ROOT / "README.md").read_text(encoding="utf-8")
