"""Files are read in a process of their own, which a library may crash on a damaged file."""

from __future__ import annotations

import gzip
import os
import pickle
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data import apart, parquet_files
from harness.data.apart import Apart, Making
from harness.data.cache import Cache
from harness.data.identity import identities
from harness.data.prepare import prepare
from harness.errors import DataError, DataTooMuch, WorkloadError
from harness.tables import Input
from harness.workload.file import load
from tests.places import WORKLOADS


def double(number: int) -> int:
    print("what a library prints is no part of the answer")
    os.write(1, b"nor what it writes past Python\n")
    return 2 * number


def refuse(file: Path) -> None:
    raise WorkloadError("no such thing", file, 7)


def refuse_otherwise() -> None:
    raise pa.ArrowInvalid("no such thing")


def fill_the_disk() -> None:
    raise OSError(28, "whatever a library calls it")


def leave() -> None:
    os._exit(3)


def hoard() -> int:
    return len([bytearray(b"x" * 10**8) for _ in range(20)])


def dawdle() -> None:
    time.sleep(60)


def imported_generator() -> bool:
    return "harness.data.generators.etl" in sys.modules


def whoami() -> int:
    return os.getpid()


def test_the_answer_comes_back() -> None:
    with Apart() as reading:
        assert reading.call("t.parquet", double, 21) == 42


def test_an_error_comes_back_with_its_words_and_its_kind() -> None:
    with Apart() as reading, pytest.raises(WorkloadError, match=r"^w.yaml:7: no such thing$"):
        reading.call("t.parquet", refuse, Path("w.yaml"))


def test_an_error_of_a_library_s_own_kind_comes_back_with_its_words() -> None:
    with Apart() as reading:
        with pytest.raises(DataError, match=r"^t cannot be read: ArrowInvalid: no such thing$"):
            reading.call("t", refuse_otherwise)
        with pytest.raises(OSError, match=r"^\[Errno 28\] No space left on device$"):
            reading.call("t", fill_the_disk)
        assert reading.call("t", double, 1) == 2


def test_a_process_that_dies_is_a_file_that_is_damaged() -> None:
    with Apart() as reading:
        with pytest.raises(DataError, match=r"^t.parquet is damaged: .*ended by .*SIGABRT"):
            reading.call("t.parquet", os.abort)
        with pytest.raises(DataError, match=r"^t.parquet is damaged: .*ended with exit code 3$"):
            reading.call("t.parquet", leave)
        assert reading.call("t.parquet", double, 1) == 2  # another one is started


def test_generated_tables_are_made_by_a_process_of_their_own(tmp_path: Path) -> None:
    asked = load(WORKLOADS / "etl.yaml")
    with Cache(tmp_path / "a") as cache, Making() as making:
        elsewhere = prepare(asked, "tiny", Input.CSV, cache, making=making)
        assert making.call("t", imported_generator)
        with pytest.raises(DataError, match=r"^t cannot be made: .*made it was ended by .*SIGABRT"):
            making.call("t", os.abort)
    with Cache(tmp_path / "b") as cache:
        here = prepare(asked, "tiny", Input.CSV, cache)
    for name, table in elsewhere.tables.items():
        own = here.tables[name]
        assert table.schema == own.schema
        assert [f.read_bytes() for f in table.csv] == [f.read_bytes() for f in own.csv]


def test_all_files_of_a_workload_are_read_by_one_process() -> None:
    with Apart() as reading:
        first, second = (reading.call("t.csv", whoami) for _ in range(2))
    assert first == second != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "MEMORY_BYTES", 3 * 10**8)
    with Apart() as reading, pytest.raises(DataTooMuch, match=r"^t takes more than 0.3 GB to rea"):
        reading.call("t", hoard)


def test_time_has_a_limit_that_grows_with_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "SECONDS", 0.5)
    with Apart() as reading, pytest.raises(DataTooMuch, match=r"^t takes too long to read: "):
        reading.call("t", dawdle)
    (tmp_path / "t.csv").write_bytes(b"x" * 1000)
    (tmp_path / "again.csv").hardlink_to(tmp_path / "t.csv")
    monkeypatch.setattr(apart, "BYTES_A_SECOND", 100)
    reading = Apart()
    for _ in range(3):  # however many tables are made of it
        reading.allow_for(identities([tmp_path / "t.csv", tmp_path / "again.csv"]))
    assert reading._seconds == 10.5


def test_a_small_file_that_unpacks_to_too_much_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of 86 KB has one text of 100 KB, which 30,000 rows refer to."""
    monkeypatch.setattr(apart, "MEMORY_BYTES", 10**9)
    words = pa.DictionaryArray.from_arrays(np.zeros(30_000, np.int32), ["x" * 100_000])
    pq.write_table(pa.table({"s": words}), tmp_path / "t.parquet", store_schema=False)
    told = error_of(tmp_path, "t.parquet")
    assert told.endswith("w.yaml:2: table 't': t.parquet takes more than 1 GB to read")


def test_a_wide_file_declared_many_times_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that takes too long to read is tried once in a run; a second request fails at once."""
    monkeypatch.setattr(apart, "SECONDS", 1.0)
    header, row = (",".join(f"{c}{n}" for n in range(3000)) for c in ("c", ""))
    (tmp_path / "t.csv.gz").write_bytes(
        gzip.compress(f"{header}\n{(row + chr(10)) * 2000}".encode())
    )
    workload = tmp_path / "w.yaml"
    workload.write_text("tables: {t: t.csv.gz}\nqueries: {q: select 1}\n")
    with Cache(tmp_path / "cache") as cache:
        for limit in (60.0, 5.0):  # seconds of this test
            began = time.monotonic()
            with pytest.raises(DataTooMuch, match=r"table 't': t.csv.gz takes too long to read"):
                prepare(load(workload), "any", Input.MEMORY, cache)
            assert time.monotonic() - began < limit


def test_many_columns_are_read_few_rows_at_once(tmp_path: Path) -> None:
    """Read all at once, the 1,000 columns of this file would take 2 GB."""
    one = pa.array(np.zeros(250_000))
    names = [f"c{place}" for place in range(1000)]
    pq.write_table(pa.table([one] * 1000, names), tmp_path / "t.parquet", write_statistics=False)
    file = pq.ParquetFile(tmp_path / "t.parquet")
    assert 1000 < parquet_files._rows_at_once(file.metadata) < 250_000
    file.close()


def error_of(folder: Path, path: str) -> str:
    workload = folder / "w.yaml"
    workload.write_text(f"title: w\ntables: {{t: {path}}}\nqueries: {{q: select 1}}\n")
    with Cache(folder / "cache") as cache, pytest.raises(DataError) as caught:
        prepare(load(workload), "any", Input.MEMORY, cache)
    return str(caught.value)


def test_errors_can_be_sent() -> None:
    error = WorkloadError("m", Path("w.yaml"), 3)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
