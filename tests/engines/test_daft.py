"""Daft: what its programs say where it answers otherwise than SQL, and its session's errors.

The suite has no Daft; ``python -m tests.tools.battery --engine daft`` runs the battery on it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import engines
from harness.engines.daft.session import _raising_errors
from harness.errors import Unsupported
from harness.plan import compile_query
from harness.special import Special
from harness.tables import CsvFormat, Input, Table
from harness.types import Column, Type

daft = engines.get("daft")
ROWS = (
    Column("k", Type.INT64),
    Column("g", Type.INT64, nullable=False),
    Column("w", Type.STRING, nullable=False),
    Column("s", Type.STRING),
    Column("x", Type.FLOAT64, nullable=False),
    Column("z", Type.FLOAT64, nullable=False, special=(Special.MINUS_ZERO,)),
    Column("d", Type.DATE, nullable=False),
)


def program(sql: str, source: Input = Input.MEMORY) -> str:
    """Returns Daft's program for a query over ``t``, in one line without spaces after brackets."""
    tables = {"t": Table("t", ROWS, 3, (Path("/t.parquet"),), (Path("/t.csv"),), CsvFormat(";"))}
    text = daft.compile(compile_query(sql, {"t": ROWS}), tables, source).text
    return " ".join(text.split()).replace("( ", "(").replace(" )", ")").replace(" .", ".")


def of(value: str) -> str:
    return program(f"select {value} as v from t")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("case when g > 1 then 1 else 2 end", 'when(col("g") > 1, 1).otherwise(2)'),
        (
            "case when k > 1 then 1 else 2 end",
            'when((col("k") > 1).fill_null(False), 1).otherwise(2)',
        ),
    ],
)
def test_a_condition_that_is_null_chooses_what_is_otherwise(value: str, text: str) -> None:
    assert text in of(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("length(w) - g", 'col("w").length().cast("int64") - col("g")'),
        ("length(w) > 3", 'col("w").length() > 3'),
        ("coalesce(length(s), 0)", 'col("s").length().cast("int64").fill_null(0)'),
        (
            "case when g > 1 then length(w) else g end",
            'when(col("g") > 1, col("w").length().cast("int64")).otherwise(col("g"))',
        ),
    ],
)
def test_unsigned_integers_beside_others_become_no_floats(value: str, text: str) -> None:
    assert text in of(value)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("select x < 0 as v from t", '.select((col("x") < 0).alias("v"))'),
        ("select z < 0 as v from t", '(0.0 - (0.0 - col("z")) < 0)'),
        ("select z < x as v from t", 'col("x") > 0.0 - (0.0 - col("z"))'),
        ("select z in (0.5, 1) as v from t", '(0.0 - (0.0 - col("z"))).is_in([0.5, 1.0])'),
        ("select distinct x from t", '.select("x").distinct()'),
        (
            "select distinct z from t",
            '.select("z").with_column("z", 0.0 - (0.0 - col("z"))).distinct()',
        ),
        ("select z, count(*) as n from t group by z", '(0.0 - (0.0 - col("z"))).alias("z")'),
        ("select k from t order by x * -1, k", ".sort([0.0 - (0.0 - col("),
        ("select k from t order by z, k", '.sort([0.0 - (0.0 - col("z")), "k"])'),
        (
            "select rank() over (order by x * -1) as r from t",
            "Window().order_by(0.0 - (0.0 - ",
        ),
    ],
)
def test_a_float_that_may_be_minus_zero_has_one_zero(sql: str, text: str) -> None:
    assert text in program(sql)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("make_date(g, g, g)", 'make_date(col("g"), col("g"), col("g"))'),
        ("make_date(g, 2, 3)", 'lit(2).cast("string") + "-" + lit(3).cast("string")).cast("date")'),
        ("cast(date_trunc('month', d) as date)", 'date_sub(col("d"), col("d").day() - 1)'),
    ],
)
def test_a_constant_makes_no_one_date_of_all_rows(value: str, text: str) -> None:
    assert text in of(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("substring(w, 2, 3)", 'col("w").substr(1, 3).fill_null("")'),
        ("substring(s, 2)", 'when(col("s").not_null(), col("s").substr(1).fill_null(""))'),
        ("regexp_extract(w, '(a)b', 1)", 'regexp_extract("(a)b", 1).fill_null("")'),
        ("concat(w, '-', w)", 'col("w") + "-" + col("w")'),
        ("concat(s, s)", 'concat_ws("", col("s"), col("s")).fill_null("")'),
        ("regexp_replace(w, '(a)b', '[\\1]')", '"(?:(a)b)((?s:.*))", "[${1}]${2}"'),
        ("g // k", 'col("g") // when(col("k") != 0, col("k"))'),
    ],
)
def test_what_daft_makes_null_or_refuses_is_what_sql_has(value: str, text: str) -> None:
    assert text in of(value)


def test_rows_that_tie_share_a_running_sum() -> None:
    text = program("select sum(g) over (partition by k order by w) as v from t")
    assert (
        '.with_columns({"v": col("g").sum().over(by_k), "row": lit(1).count().over(by_k)})' in text
    )
    assert '.with_column("v", col("v").last_value().over(peers)).exclude("row")' in text
    assert 'Window().partition_by("k", "w").order_by("row")' in text


def test_an_empty_field_of_a_csv_file_is_null() -> None:
    text = program("select s, w from t", Input.CSV)
    assert '"g": DataType.int64()' in text and 'delimiter=";"' in text
    assert '.with_column("s", when(col("s") != "", col("s")))' in text
    assert "when" not in program("select s, w from t", Input.PARQUET)


def test_what_is_read_twice_is_collected() -> None:
    text = program("with q as (select k, sum(x) as v from t group by k) "
                   "select a.k from q a join q b on a.v = b.v")  # fmt: skip
    assert text.count(".groupby(") == 1 and ".collect()" in text


def test_a_total_that_nothing_reads_is_refused() -> None:
    with pytest.raises(Unsupported, match="its optimizer forgets the total"):
        program("select 1 as a from t having count(*) > 0 and true")


class PanicException(BaseException):
    """As pyo3's, which no ``except Exception`` catches."""


def test_a_panic_is_an_error_and_an_interrupt_stays_one() -> None:
    def panics(_: object) -> None:
        raise PanicException("attempt to divide by zero")

    def stops(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(RuntimeError, match="attempt to divide by zero"):
        _raising_errors(panics)(None)
    with pytest.raises(KeyboardInterrupt):
        _raising_errors(stops)(None)


def test_its_process_calls_nobody() -> None:
    assert daft.environment(2)["DAFT_ANALYTICS_ENABLED"] == "0"
