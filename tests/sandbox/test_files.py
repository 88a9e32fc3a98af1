"""DuckDB reads a table's CSV files alike as an engine and as the referee, whatever their header."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engines.session import Program
from harness.engines.sql.sessions.duckdb import DuckDBSession
from harness.sandbox.guard import identifier
from harness.tables import CsvFormat, Input, Table
from harness.types import Column, Type
from harness.verify.reference import open_database
from tests.support.benchmark_runs import Project, outcomes

NAMES = ('a "q", x', "new\nline", "c")
HEADER = '"a ""q"", x";"new\nline";c'


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_header_may_hold_quotes_delimiters_and_line_breaks(tmp_path: Path, end: str) -> None:
    file = tmp_path / "t.csv"
    lines = [HEADER, '1;"he said ""hi"", then\nleft";2.5', "2;-;", "3;;-"]
    file.write_bytes("".join(f"{line}{end}" for line in lines).encode())
    types = (Type.INT64, Type.STRING, Type.FLOAT64)
    columns = tuple(Column(name, kind) for name, kind in zip(NAMES, types, strict=True))
    table = Table("t", columns, 3, csv=(file,), csv_format=CsvFormat(";", ("", "-")))
    sql = f"SELECT {', '.join(map(identifier, NAMES))} FROM t"
    rows = [(1, 'he said "hi", then\nleft', 2.5), (2, None, None), (3, None, None)]
    session = DuckDBSession(threads=1)
    session.scan(table, Input.CSV)
    session.prepare(Program(sql, "sql"))
    result = session.run()
    assert [tuple(row.values()) for row in result.to_pylist()] == rows
    assert tuple(result.column_names) == NAMES
    with open_database([table], threads=1) as database:
        assert database.sql(sql).fetchall() == rows


def test_a_query_over_such_a_file_is_answered(tmp_path: Path) -> None:
    project = Project(tmp_path).write(
        w_yaml=f"""\
input: csv
tables: {{t: {{path: t.csv, delimiter: ";"}}}}
queries:
  q: |
    select {identifier(NAMES[0])} as k, "new
    line" as n from t order by k
""",
        t_csv=f"{HEADER}\r\n1;x;2.5\r\n2;y;3\r\n",
    )
    done = project.benchmark("w.yaml", "--engines", "duckdb,pandas")
    assert outcomes(project.results()) == {"duckdb": "ok", "pandas": "ok"}, done.all
