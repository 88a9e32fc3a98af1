"""Compares trained models by their terms; the reference's is trained on DuckDB's answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from harness.answer import AnswerSpec
from harness.engines.training import of_arrow, trained, unfit
from harness.errors import NoReference
from harness.verify.answer_files import batches, read

if TYPE_CHECKING:
    from harness.engines.training import Batch


def train_reference(answer: Path, spec: AnswerSpec, target: Path) -> None:
    """Trains a model on an answer's file, and writes its terms to an Arrow IPC file.

    Raises NoReference if no model can learn from the answer.
    """
    try:
        table = trained(_fit(of_arrow(batches(answer), spec), spec), spec).terms(spec)
    except (ValueError, pa.ArrowException) as error:
        raise NoReference(str(error)) from error
    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)


def _fit(rows: Iterator[Batch], spec: AnswerSpec) -> Iterator[Batch]:
    """Passes batches on; raises ValueError at the first from which no model can learn.

    Scikit-learn itself takes a class that it was not told of for another one.
    """
    for batch in rows:
        if reason := unfit(batch, spec):
            raise ValueError(reason)
        yield batch


def compare_terms(given: Path, right: Path, tolerance: float) -> str | None:
    """Returns why a trained model is not the reference, or None.

    The difference of a coefficient, relative to the largest one, must be within the tolerance.
    """
    (_, rows), *ours = zip(*read(right).to_pydict().values(), strict=True)
    (_, seen), *theirs = zip(*read(given).to_pydict().values(), strict=True)
    if seen != rows:
        return f"the model was trained on {seen:,.0f} rows, the reference on {rows:,.0f}"
    largest = max(abs(value) for _, value in ours)
    for (term, value), (_, found) in zip(ours, theirs, strict=True):
        if not abs(found - value) <= tolerance * largest:
            return (
                f"the model has the coefficient {found!r} for {term}, the reference {value!r}: "
                "it was trained on other rows, or on these in another order"
            )
    return None
