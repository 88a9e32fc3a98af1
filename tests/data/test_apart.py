"""What a library does to its process when it reads a damaged file is done to another process."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from harness.data.apart import apart
from harness.errors import DataError, WorkloadError


def double(number: int) -> int:
    print("what a library prints is no part of the answer")
    os.write(1, b"nor what it writes past Python\n")
    return 2 * number


def refuse(file: Path) -> None:
    raise WorkloadError("no such thing", file, 7)


def leave() -> None:
    os._exit(3)


def test_the_answer_comes_back() -> None:
    assert apart("t.parquet", double, 21) == 42


def test_an_error_comes_back_with_its_words_and_its_kind() -> None:
    with pytest.raises(WorkloadError, match=r"^w.yaml:7: no such thing$"):
        apart("t.parquet", refuse, Path("w.yaml"))


def test_a_process_that_dies_is_a_file_that_is_damaged() -> None:
    with pytest.raises(DataError, match=r"^t.parquet is damaged: .* was ended by SIGABRT$"):
        apart("t.parquet", os.abort)
    with pytest.raises(DataError, match=r"^t.parquet is damaged: .* ended with exit code 3$"):
        apart("t.parquet", leave)


def test_errors_can_be_sent() -> None:
    error = WorkloadError("m", Path("w.yaml"), 3)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
