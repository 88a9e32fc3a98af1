"""Templates of a new engine's files; ``$name``, ``$label``, ``$kind``, ``$module`` are its names.

Each runs as it is, over a library that is installed anyway; comments say what to replace.
"""

from __future__ import annotations

from string import Template

SQL = Template('''"""$label: SQL through a connection."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from harness.engines.gaps import Gap, cannot
from harness.engines.sql.base import SqlEngine
from harness.engines.sql.gaps import COMMON
from harness.engines.sql.sessions.base import SqlSession
from harness.engines.sql.spellings import dialect
from harness.tables import Input, Table


class ${kind}Session(SqlSession):
    """Memory holds native tables; files stand behind views."""

    def __init__(self, threads: int) -> None:
        import duckdb  # your library, imported here only

        super().__init__(threads)
        self.connection = duckdb.connect(config={"threads": threads})

    def connect(self) -> None:
        """Gives a client, of several at once, what it cannot share with the others."""
        self.connection = self.connection.cursor()

    def load(self, table: Table) -> None:
        """Reads a table into the engine's own memory."""
        self._create("TABLE", table)

    def scan(self, table: Table, source: Input) -> None:
        """Makes a table's files known, without reading them."""
        if source is not Input.PARQUET:
            raise NotImplementedError("make the CSV files of a table known here")
        self._create("VIEW", table)

    def _create(self, what: str, table: Table) -> None:
        files = ", ".join(f"'{path}'" for path in table.parquet)
        self.connection.execute(
            f'CREATE OR REPLACE {what} "{table.name}" AS SELECT * FROM read_parquet([{files}])'
        )

    def execute(self, sql: str) -> Any:
        """The whole answer; what is not an Arrow table is made one in ``to_arrow``."""
        return self.connection.sql(sql).to_arrow_table()

    def write(self, sql: str, path: str) -> None:
        """Leaves the answer in a Parquet file."""
        self.connection.sql(sql).write_parquet(path)


class $kind(SqlEngine):
    """What the library does otherwise than DuckDB is declared here; all else follows."""

    name = "$name"
    label = "$label"
    colour = "$colour"
    distribution = "duckdb"  # the PyPI distribution of your library, whose version is recorded
    module = "duckdb"  # the module that must be importable
    optional: ClassVar[bool] = True  # run only where the library is installed
    session = ${kind}Session
    # sqlglot's dialect that is nearest, and how yours spells nodes otherwise, such as
    # {exp.Sign: spelt("SIGNUM({this})")}; tables that dialects share are in sql/spellings.py
    dialect = dialect(DuckDB, {})
    gaps: ClassVar[tuple[Gap, ...]] = (
        *COMMON,
        # what your library lacks, or answers otherwise: tests in sql/shapes/ find it in SQL;
        # says=["part of a message"] where only the library says so
        cannot(exp.Soundex),
    )
''')

PYTHON = Template('''"""$label: plans as programs in its Python API."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

import pyarrow as pa
from sqlglot import exp

from harness.engines.gaps import Gap, not_yet
from harness.engines.python.gaps import SHARED
from harness.engines.python.kernel import ATOM, Code, Expressions, names, quoted
from harness.engines.python.program import ProgramEmitter, PythonEngine
from harness.engines.python.session import PythonSession
from harness.engines.session import Program
from harness.plan.facts.printing import in_sql
from harness.plan.guards.nan_uses import Use
from harness.plan.tree.nodes import Expression, Filter, Limit, Node, Project, Scan
from harness.tables import Input, Table

MOVED, CSV, WRITTEN = "dates that are moved", "tables in CSV", "answers in a file"


class ${kind}Expressions(Expressions):
    """A method for each kind of expression, named after it; comparisons and sums are inherited."""

    # what is one call on or with a value
    calls: ClassVar = {exp.Abs: "{}.abs()"}

    def column(self, e: Expression) -> Code:
        return Code(f"pl.col({quoted(e.name)})", ATOM)

    def literal(self, e: Expression) -> Code:
        return Code(f"pl.lit({super().literal(e).text})", ATOM)

    def offset(self, e: Expression, count: int, unit: str) -> NoReturn:
        raise self.gaps.unsupported(MOVED, in_sql(e))

    def days_later(self, e: Expression, days: int) -> NoReturn:
        raise self.gaps.unsupported(MOVED, in_sql(e))

    def days_between(self, e: Expression) -> NoReturn:
        raise self.gaps.unsupported(MOVED, in_sql(e))


class ${kind}Program(ProgramEmitter):
    """A method for each kind of plan node, named after it, returns an expression for its frame."""

    imports: ClassVar = {"pl": "import polars as pl"}
    needed = "pl"

    def program(self, plan: Node, end: Any) -> Program:
        if end is not None:
            raise self.gaps.unsupported(WRITTEN)
        frame = self.emitted(plan)
        return self.module([*self.statements, f"return {frame}.select({names(plan.names)})"])

    def scan(self, node: Scan) -> str:
        if self.source is Input.CSV:
            raise self.gaps.unsupported(CSV)
        table = f"t({quoted(node.table)})"
        frame = table if self.source is Input.MEMORY else f"pl.read_parquet({table})"
        columns = (f"pl.col({quoted(n)}).alias({quoted(c.name)})" for n, c in node.columns)
        return f"{frame}.select({', '.join(columns)})"

    def filter(self, node: Filter) -> str:
        return f"{self.emitted(node.input)}.filter({self._text(node.condition, node.input)})"

    def project(self, node: Project) -> str:
        items = ((name, self._text(e, node.input)) for name, e in node.items)
        values = ", ".join(f"({text}).alias({quoted(name)})" for name, text in items)
        frame = f"{self.emitted(node.input)}.with_columns({values})"
        return f"{frame}.select({names(node.names)})"

    def limit(self, node: Limit) -> str:
        count = "" if node.count is None else f", {node.count}"
        return f"{self.emitted(node.input)}.slice({node.offset}{count})"

    def _text(self, e: Expression, source: Node) -> str:
        return ${kind}Expressions(self.gaps, source.schema).text(e)


class ${kind}Session(PythonSession):
    """Memory holds a frame of the library's own."""

    def load(self, table: Table) -> None:
        import polars as pl  # your library, imported here only

        self.tables[table.name] = pl.read_parquet([str(path) for path in table.parquet])

    def to_arrow(self, result: Any) -> pa.Table:
        return result.to_arrow()

    def rows(self, result: Any) -> int:
        return len(result)


class $kind(PythonEngine):
    """What has no method is refused as not yet written; what is missing otherwise, by a gap."""

    name = "$name"
    label = "$label"
    colour = "$colour"
    distribution = "polars"  # the PyPI distribution of your library, whose version is recorded
    module = "polars"  # the module that must be importable
    optional: ClassVar[bool] = True  # run only where the library is installed
    emitter = ${kind}Program
    session = ${kind}Session
    nan_differs = frozenset(Use)  # all, until it is known to have DuckDB's rules for NaN
    gaps: ClassVar[tuple[Gap, ...]] = (
        *SHARED,
        not_yet(exp.Null),
        not_yet(exp.Interval, MOVED),
        not_yet(Scan, CSV),
        not_yet(Project, WRITTEN),
    )
''')

TEST = Template('''"""$label answers rightly, or refuses with the reason; never wrongly."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import engines
from harness.errors import Unsupported
from harness.plan import compile_query
from harness.tables import Input, Table
from harness.types import Column, Type
from harness.verify.compare import compare

SCHEMA = (
    Column("id", Type.INT64, False),
    Column("k", Type.STRING, True),
    Column("n", Type.INT64, True),
    Column("x", Type.FLOAT64, False),
)
ROWS = pa.table(
    {
        "id": [1, 2, 3, 4],
        "k": ["a", "b", None, "a"],
        "n": [5, None, -7, 2],
        "x": [0.5, 1.5, -2.0, 4.0],
    }
)
ANSWERED = (
    "select id, k from t",
    "select id, n + 1 as m from t where n > 1",
    "select k from t limit 9",
)
OTHERS = (
    "select k, sum(n) as s, avg(x) as m from t group by k",
    "select id from t order by n desc nulls last, id limit 2",
    "select a.id, b.id as other from t as a join t as b on a.k = b.k",
    "select id, row_number() over (partition by k order by x) as p from t",
    "select upper(k) as u, substring(k, 1, 1) as f from t",
    "select distinct k from t",
)
"""Those that are refused are skipped with the reason: what is left to write. Add your own."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    file: Path = tmp_path_factory.mktemp("table") / "t.parquet"
    pq.write_table(ROWS, file)
    return Table("t", SCHEMA, ROWS.num_rows, (file,))


@pytest.mark.parametrize("sql", [*ANSWERED, *OTHERS])
def test_an_answer_is_right_or_refused(sql: str, table: Table) -> None:
    engine, query = engines.get("$name"), compile_query(sql, {"t": SCHEMA})
    try:
        program = engine.compile(query, {"t": table}, Input.MEMORY)
    except Unsupported as error:
        assert sql not in ANSWERED, error
        pytest.skip(str(error))
    session = engine.start(threads=1)
    session.load(table)
    session.prepare(program)
    answer = session.to_arrow(session.run())
    reference = duckdb.connect()
    reference.execute(f"create table t as from read_parquet('{table.parquet[0]}')")
    asked = query.spec.widened_sql or query.spec.reference_sql
    expected = reference.sql(asked).to_arrow_table()
    assert compare(answer, expected, query.spec, query.spec.limit is not None) is None
''')

PROJECT = Template("""[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "enginebench-$name"
description = "$label as an engine of enginebench."
version = "0.1.0"
requires-python = ">=3.11"
dependencies = [
    "enginebench",
    # your library, such as "$name>=1.0"
]

[project.optional-dependencies]
test = ["pytest"]

[project.entry-points."harness.engines"]
$name = "enginebench_$module:$kind"

[tool.setuptools]
packages = ["enginebench_$module"]
""")
