"""Every mistake in a workload file is an error with file, line and what would be right."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.errors import WorkloadError
from harness.workload.file import load

TABLE = "tables: {t: t.csv}\n"
QUERY = "queries: {q: select 1}\n"
SIZES = "data:\n  generator: groupby\n  sizes:\n    small:\n"


def error_of(folder: Path, content: str | bytes) -> str:
    path = folder / "w.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(WorkloadError) as caught:
        load(path)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "title: x\ntabels: {}\n" + QUERY,
            "w.yaml:2: unknown key 'tabels'; did you mean 'tables'?",
        ),
        (
            "zzz: 1\n" + TABLE + QUERY,
            "w.yaml:1: unknown key 'zzz'; known keys: data, input, queries, tables, title",
        ),
        (TABLE, "w.yaml:1: the key 'queries' is missing"),
        (TABLE + "queries: {}\n", "w.yaml:2: 'queries' is empty; name at least one"),
        (TABLE + "queries:\n", "w.yaml:2: 'queries' should be a mapping of keys, not empty"),
        (TABLE + "queries:\n  q: ' '\n", "w.yaml:3: the query is empty; write one SELECT"),
        (
            TABLE + "queries:\n  q: {sql: select 1, writes: parquet}\n",
            "w.yaml:3: unknown key 'writes'; did you mean 'write'?",
        ),
        (
            TABLE + "queries:\n  q: {sql: select 1, write: parqet}\n",
            "w.yaml:3: 'write' cannot be 'parqet'; did you mean 'parquet'?",
        ),
        (
            TABLE + "queries:\n  q:\n    sql: select 1\n    train: {model: sgd, target: y}\n",
            "w.yaml:5: 'model' cannot be 'sgd'; choices: sgd-classifier, sgd-regressor",
        ),
        (
            TABLE + "queries:\n  q:\n    sql: select 1\n    train: {model: sgd-regressor}\n",
            "w.yaml:5: the key 'target' is missing",
        ),
        (
            TABLE + "queries:\n  q: {sql: select 1, train: {target: y, rows: 1}}\n",
            "w.yaml:3: unknown key 'rows'; known keys: batch_rows, classes, model, target",
        ),
        (
            TABLE + "queries:\n  q: {sql: select 1, train: {model: sgd-regressor, target: y, "
            "classes: [0, 1]}}\n",
            "w.yaml:3: 'classes' are for a classifier; a regressor has none",
        ),
        (
            TABLE + "queries:\n  q: {sql: select 1, train: {model: sgd-classifier, target: y, "
            "classes: [1, 1]}}\n",
            "w.yaml:3: 'classes' should be two or more whole numbers, each of them once",
        ),
        (
            TABLE + "queries:\n  q: {sql: select 1, train: {model: sgd-classifier, target: y, "
            "classes: [0, 9007199254740993]}}\n",
            "w.yaml:3: 'classes' cannot be 9007199254740993: it should be at most 9.0072e+15",
        ),
        (
            TABLE + "queries:\n  q: {sql: select 1, write: parquet, train: {model: sgd-regressor, "
            "target: y}}\n",
            "w.yaml:3: 'train' needs 'sql', and goes with neither 'write' nor 'native'",
        ),
        (
            TABLE + "queries:\n  q:\n    sql: select 1\n    tolerance: -1\n",
            "w.yaml:5: 'tolerance' cannot be -1: it should be at least 0",
        ),
        (
            TABLE + "queries:\n  q: select 1\n  p: select 1\n  q: select 2\n",
            "w.yaml:5: key 'q' stands here twice; first on line 3",
        ),
        (
            TABLE + "queries:\n  a-b: select 1\n",
            "w.yaml:2: 'a-b' is not a good name for a query: letters, digits and _ only, "
            "not a digit first, at most 64",
        ),
        (TABLE + QUERY + "input: cvs\n", "w.yaml:3: 'input' cannot be 'cvs'; did you mean 'csv'?"),
        (QUERY, "w.yaml:1: no tables: add 'tables' (your files) or 'data' (a generator)"),
        (
            TABLE + "data: {generator: flights}\n" + QUERY,
            "w.yaml:1: give 'tables' (your files) or 'data' (a generator), not both",
        ),
        (
            "tables: {A: a.csv, a: b.csv}\n" + QUERY,
            "w.yaml:1: two tables differ only in upper and lower case; SQL cannot tell them",
        ),
        (
            "tables:\n  t:\n    path: t.csv\n    schema:\n      a: flaot\n" + QUERY,
            "w.yaml:5: unknown type 'flaot'; did you mean 'float64'?",
        ),
        (
            "tables:\n  t:\n    path: t.csv\n    delimiter: '||'\n" + QUERY,
            "w.yaml:4: 'delimiter' cannot be '||': it should be one character",
        ),
        (
            "data: {generator: gruopby, sizes: {s: {rows: 1}}}\n" + QUERY,
            "w.yaml:1: unknown generator 'gruopby'; did you mean 'groupby'?",
        ),
        (SIZES + "      row: 5\n" + QUERY, "w.yaml:5: unknown key 'row'; did you mean 'rows'?"),
        (SIZES + "      rows: 1.5\n" + QUERY, "w.yaml:5: 'rows' should be a whole number, not 1.5"),
        (
            SIZES + "      rows: 5\n      nulls: 5\n" + QUERY,
            "w.yaml:6: 'nulls' cannot be 5: it should be less than 1",
        ),
        (
            "data:\n  generator: flights\n  sizes: {small: {}}\n" + QUERY,
            "w.yaml:3: the generator 'flights' has one size; leave out 'sizes'",
        ),
        (
            "data:\n  generator: tpch\n" + QUERY,
            "w.yaml:1: the key 'sizes' is missing; for example sizes: {small: {scale: …}}",
        ),
        (
            "- a\n",
            "w.yaml:1: a workload is a mapping with the keys title, input, tables, data, queries",
        ),
        ("", "w.yaml:1: a workload is a mapping with the keys title, input, tables, data, queries"),
        ("a: b: c\n", "w.yaml:1: not valid YAML: mapping values are not allowed here"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    assert error_of(tmp_path, text) == message


def test_a_native_program_must_exist_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def f(t): ...\n")
    query = TABLE + "queries:\n  q:\n    sql: select 1\n    native: {pandas: PROGRAM}\n"

    def told(program: str) -> str:
        return error_of(tmp_path, query.replace("PROGRAM", f'"{program}"'))

    assert told("mime.py:f") == (
        "w.yaml:5: there is no 'mime.py' beside this file; did you mean 'mine.py'?"
    )
    assert told("mine.py:g") == "w.yaml:5: mine.py has no function 'g'; functions: f"
    assert told("mine.py") == "w.yaml:5: native pandas: 'mine.py' should read file.py:function"
    assert told("../mine.py:f") == "w.yaml:5: '../mine.py' must stay beside this file"
    assert told("/etc/mine.py:f") == "w.yaml:5: '/etc/mine.py' must stay beside this file"


def test_a_query_without_sql_has_two_programs(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def f(t):\n    return t(\n")
    one = "{native: {pandas: mine.py:f}}"
    for query in (one, "{title: nothing}", "{native: {}}"):
        told = error_of(tmp_path, TABLE + f"queries:\n  q: {query}\n")
        assert told.startswith("w.yaml:3: a query is SQL ('sql'), or two programs at least")
    two = TABLE + "queries:\n  q: {native: {pandas: [mine.py:f, mine.py:f]}}\n"
    assert error_of(tmp_path, two) == "w.yaml:3: mine.py:2: '(' was never closed"


def test_a_link_to_a_program_elsewhere_is_not_beside_the_file(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "workloads", tmp_path / "elsewhere.py"
    folder.mkdir()
    elsewhere.write_text("def f(t): ...\n")
    (folder / "linked.py").symlink_to(elsewhere)
    text = TABLE + "queries:\n  q: {sql: select 1, native: {pandas: 'linked.py:f'}}\n"
    assert "must stay beside this file" in error_of(folder, text)


def test_a_native_program_is_text_of_a_size(tmp_path: Path) -> None:
    (tmp_path / "ring.py").symlink_to(tmp_path / "ring.py")
    (tmp_path / "latin.py").write_bytes(b"def f(t): return '\xe9'\n")
    (tmp_path / "big.py").touch()
    os.truncate(tmp_path / "big.py", 2**40)
    query = TABLE + "queries:\n  q: {sql: select 1, native: {pandas: PROGRAM}}\n"
    for name in ("ring.py", "latin.py", "a\\0.py", "a" * 5000 + ".py"):
        told = error_of(tmp_path, query.replace("PROGRAM", f'"{name}:f"'))
        assert told.startswith("w.yaml:3: 'a") or told.startswith(f"w.yaml:3: {name!r} cannot")
        assert told.endswith(" cannot be read as text in UTF-8") and len(told) < 300
    told = error_of(tmp_path, query.replace("PROGRAM", '"big.py:f"'))
    assert told == "w.yaml:3: 'big.py' is empty, or over 1 MB"


def test_a_null_value_is_short(tmp_path: Path) -> None:
    text = f"tables:\n  t: {{path: a.csv, null_values: [{'x' * 1001}]}}\nqueries: {{q: select 1}}\n"
    told = error_of(tmp_path, text)
    assert told == "w.yaml:2: 1001 characters in a null value; at most 1000 are read"


def test_an_anchor_bomb_is_refused_before_it_is_expanded(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 12):
        items = ", ".join([f"*a{level - 1}"] * 9)
        bomb += f"a{level}: &a{level} [{items}]\n"
    started = time.process_time()
    assert error_of(tmp_path, bomb) == "w.yaml:1: anchors (&) and aliases (*) are not allowed"
    assert time.process_time() - started < 5


def test_a_python_tag_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    victim = tmp_path / "touched"
    text = f"title: !!python/object/apply:os.system ['touch {victim}']\n"
    assert "the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed" in error_of(
        tmp_path, text
    )
    assert not victim.exists()


def test_a_merge_key_is_just_an_unknown_key(tmp_path: Path) -> None:
    assert "unknown key '<<'" in error_of(tmp_path, "<<: {title: x}\n" + TABLE + QUERY)


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(1 << 30)  # a gigabyte of zeros that takes no room on the disk
    with pytest.raises(WorkloadError, match="larger than 1 MB"):
        load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 5000, "w.yaml:1: nested more than 20 levels deep"),
        (b"title: \xff\xfe\n", "w.yaml: not UTF-8 text; save it as UTF-8"),
        ("title: 2020-99-99\n", "w.yaml: not valid YAML: month must be in 1..12"),
        ("title: a\x00b\n", "w.yaml: not valid YAML: unacceptable character #x0000"),
        ("input:\n" + "- x\n" * 60_000, "w.yaml:49999: more than 50,000 keys and values"),
        (
            "tables: {t: {path: t.csv, null_values: [" + "a," * 101 + "]}}\n" + QUERY,
            "w.yaml:1: 101 null values; at most 100 are read",
        ),
        ("input: [" + "csv," * 11 + "]\n" + TABLE + QUERY, "w.yaml:1: 11 inputs; at most 10"),
        (
            SIZES.replace(
                "    small:\n", "    {" + "".join(f"s{i}: {{}}, " for i in range(101)) + "}\n"
            )
            + QUERY,
            "w.yaml:3: 101 sizes; at most 100 are read",
        ),
        ("? [a, b]\n: 1\n", "w.yaml:1: a key must be a single word"),
    ],
)
def test_what_is_not_a_plain_yaml_file_is_refused(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    assert error_of(tmp_path, content).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "input:\n" + "-\n" * 490_000,
        "tables: [" + "a," * 490_000 + "]\n",
        "queries: {" + ",".join(map(str, range(140_000))) + "}\n",
        "".join(f"a{i}: b\n" for i in range(90_000)),
    ],
)
def test_a_megabyte_of_dense_yaml_is_not_read_to_its_end(tmp_path: Path, text: str) -> None:
    begun = time.process_time()
    assert "more than 50,000 keys and values" in error_of(tmp_path, text)
    assert time.process_time() - begun < 5  # 1 s on an idle machine; to the end, 25 s


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"absent.yaml: there is no such file"):
        load(tmp_path / "absent.yaml")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.yaml")
    with pytest.raises(WorkloadError, match=r"w.yaml: is no file; a workload is a file in YAML"):
        load(tmp_path / "w.yaml")
