"""Rows in batches -> a trained model: a session yields batches, and `trained` times what follows.

An engine yields its rows as pairs of NumPy arrays, features and target, of as many rows as suit it.
They are cut into batches of equal size, so that all engines train on the same ones.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.answer import AnswerSpec, Training

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Batch = tuple[np.ndarray, np.ndarray]
    """Features (rows × columns) and target (rows)."""

MODELS: Mapping[str, str] = {"sgd-classifier": "SGDClassifier", "sgd-regressor": "SGDRegressor"}
"""A model's name in workload files -> its class in ``sklearn.linear_model``."""


def unavailable() -> str | None:
    """Why no model can be trained here, in words; None where it can."""
    if importlib.util.find_spec("sklearn") is None:
        return "scikit-learn is not installed: python -m pip install scikit-learn"
    return None


def described(train: Training) -> str:
    """Returns how batches are cut, and what they train, in two lines."""
    classes = f", classes={list(train.classes)}" if train.classes else ""
    return (
        f"they are cut to {train.batch_rows:,} rows, and train (target: {train.target!r})\n"
        f"{MODELS[train.model]}(random_state=0).partial_fit(features, target{classes})"
    )


def model_of(train: Training) -> Any:
    """Returns an untrained model. Only workers import scikit-learn."""
    from sklearn import linear_model

    return getattr(linear_model, MODELS[train.model])(random_state=0)


def train_of(spec: AnswerSpec) -> Training:
    """Returns what an answer's rows train; they train something."""
    assert spec.train is not None, "only rows that train a model come in batches"
    return spec.train


def features_of(spec: AnswerSpec) -> list[str]:
    return [name for name in spec.columns if name != train_of(spec).target]


def of_arrow(batches: Iterable[pa.RecordBatch], spec: AnswerSpec) -> Iterator[Batch]:
    """Yields Arrow's batches as features and target; NULL becomes NaN.

    Columns are known by their places, since an engine may give them other names.
    """
    import pyarrow as pa

    place = spec.columns.index(train_of(spec).target)
    for batch in batches:
        columns = [
            column if column.type in (pa.int64(), pa.float64()) else column.cast("double", False)
            for column in batch.columns
        ]
        target = columns.pop(place)
        features = pa.record_batch(columns, [str(n) for n in range(len(columns))])
        matrix = features.to_tensor(null_to_nan=True).to_numpy()
        yield matrix, target.to_numpy(zero_copy_only=False)


def cut(batches: Iterable[Batch], rows: int) -> Iterator[Batch]:
    """Yields batches of exactly ``rows`` rows, the last perhaps of fewer, in float64 and C order.

    A batch that comes like that is passed on as it is.
    """
    parts: list[Batch] = []
    missing = rows
    for features, target in batches:
        start = 0
        while start < len(target):
            stop = min(start + missing, len(target))
            parts.append((features[start:stop], target[start:stop]))
            missing -= stop - start
            start = stop
            if not missing:
                yield _joined(parts)
                parts, missing = [], rows
    if parts:
        yield _joined(parts)


def _joined(parts: list[Batch]) -> Batch:
    import numpy as np

    matrix, target = parts[0]
    if len(parts) > 1:
        matrix, target = (np.concatenate(each) for each in zip(*parts, strict=True))
    return np.ascontiguousarray(matrix, "float64"), np.ascontiguousarray(target, "float64")


@dataclass
class Trained:
    """A trained model: the rows it has seen, and the seconds of ``partial_fit`` alone."""

    model: Any
    rows: int
    seconds: float
    last: Batch

    def score(self) -> float | None:
        """Returns the accuracy, or R² of a regressor, on the last batch: a score of training data.

        None for one row, which has no R².
        """
        return float(self.model.score(*self.last)) if len(self.last[1]) > 1 else None

    def terms(self, spec: AnswerSpec) -> pa.Table:
        """Returns the model's terms: ``term`` (text) and ``coefficient`` (float64).

        The first row has the number of rows; of several classes each has terms of its own.
        """
        import numpy as np
        import pyarrow as pa

        values = np.column_stack([np.atleast_2d(self.model.coef_), self.model.intercept_])
        terms = [*map(repr, features_of(spec)), "the intercept"] * len(values)
        found = [float(self.rows), *values.ravel().tolist()]
        return pa.table({"term": ["rows", *terms], "coefficient": found})


def trained(batches: Iterable[Batch], spec: AnswerSpec) -> Trained:
    """Trains a model on batches as they come; the time between them is the engine's.

    Raises ValueError if there are no rows, or values that no model can learn from.
    """
    train = train_of(spec)
    model, rows, seconds, last = model_of(train), 0, 0.0, None
    options = {"classes": train.classes} if train.classes else {}
    for last in cut(batches, train.batch_rows):
        began = time.perf_counter()
        try:
            model.partial_fit(*last, **options)
        except ValueError as error:
            raise ValueError(unfit(last, spec) or str(error)) from None
        seconds += time.perf_counter() - began
        rows += len(last[1])
    if last is None:
        raise ValueError("the answer has no rows to train on")
    return Trained(model, rows, seconds, last)


def unfit(batch: Batch, spec: AnswerSpec) -> str:
    """Returns why no model can learn from a batch, in words; "" if one can."""
    import numpy as np

    features, target = batch
    train = train_of(spec)
    for name, values in zip([*features_of(spec), train.target], [*features.T, target], strict=True):
        if not np.isfinite(values).all():
            return (
                f"the column {name!r} has NULL, NaN or infinity, from which no model can learn: "
                "leave such rows out, or put a number in their place (coalesce)"
            )
    if train.classes and not np.isin(target, train.classes).all():
        return (
            f"the target {train.target!r} has values beside the classes {list(train.classes)}: "
            "name all of them ('classes')"
        )
    return ""
