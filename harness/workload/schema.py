"""The pydantic models of a workload file, and their errors as messages with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sized
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from harness.errors import WorkloadError
from harness.special import EXACT
from harness.tables import Input
from harness.types import Type
from harness.words import folded, suggestion
from harness.workload.yaml_lines import Document, KeyPath

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
SIZE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
MOST_QUERIES, MOST_TABLES, MOST_SIZES, MOST_NULL_VALUES, MOST_INPUTS = 1000, 200, 100, 100, 10
MOST_PATHS, MOST_CLASSES = 1000, 1000
MOST_CHARACTERS = 1000
"""The most characters of a null value: Arrow's search tree is as deep as they are long."""
FUNCTION = re.compile(r"[^:]+\.py:[A-Za-z_][A-Za-z0-9_]*")

TYPE_ALIASES: Mapping[str, Type] = {
    **{kind.value: kind for kind in Type if kind is not Type.DECIMAL},
    **dict.fromkeys(("bool", "logical"), Type.BOOLEAN),
    **dict.fromkeys(("int", "integer", "bigint", "long", "int32"), Type.INT64),
    **dict.fromkeys(("float", "double", "real", "float32", "number"), Type.FLOAT64),
    **dict.fromkeys(("str", "text", "varchar", "utf8"), Type.STRING),
    **dict.fromkeys(("date32",), Type.DATE),
    **dict.fromkeys(("datetime",), Type.TIMESTAMP),
}


def _type(value: object) -> Type:
    name = str(value).strip().lower()
    if name not in TYPE_ALIASES:
        hint = suggestion(name, [k.value for k in Type if k.value in TYPE_ALIASES], "types")
        raise ValueError(f"unknown type {str(value)!r}; {hint}")
    return TYPE_ALIASES[name]


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{text[:40]!r} should be one line of text without control characters")
    return text


S = TypeVar("S", bound=Sized)


def _at_most(most: int, what: str) -> AfterValidator:
    """Returns a validator that refuses lists of more than ``most`` entries (``what``, in messages).

    Every entry costs time and disk before a run begins.
    """

    def check(value: S) -> S:
        if len(value) > most:
            raise ValueError(f"{len(value)} {what}; at most {most} are read")
        return value

    return AfterValidator(check)


Title = Annotated[str, AfterValidator(_one_line)]


def _without_nul(path: str) -> str:
    if "\0" in path:
        raise ValueError(f"'path' cannot be {path[:40]!r}: no path holds the character NUL")
    return path


def _delimiter(character: str) -> str:
    if not character.isascii() or character in '"\r\n\0':
        raise ValueError(
            f"'delimiter' cannot be {character!r}: it should be one ASCII character, and no "
            "quotation mark or end of a line"
        )
    return character


def _two_or_more(classes: tuple[int, ...]) -> tuple[int, ...]:
    if not 2 <= len(set(classes)) == len(classes):
        raise ValueError("'classes' should be two or more whole numbers, each of them once")
    return classes


def _named(pattern: re.Pattern[str], what: str, rule: str) -> AfterValidator:
    def check(named: dict[str, Any]) -> dict[str, Any]:
        for name in named:
            if not pattern.fullmatch(name):
                raise ValueError(f"{name!r} is not a good name for {what}: {rule}")
        return named

    return AfterValidator(check)


NAME_RULE = "letters, digits and _ only, not a digit first, at most 64"


M = TypeVar("M", bound=BaseModel)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableModel(_Model):
    """A table: one path or several; or a mapping with the path and the format of its files."""

    path: Annotated[
        tuple[Annotated[str, Field(min_length=1), AfterValidator(_without_nul)], ...],
        Field(min_length=1),
        _at_most(MOST_PATHS, "paths"),
    ]
    columns: dict[str, Annotated[Type, BeforeValidator(_type)]] = Field(default={}, alias="schema")
    null_values: Annotated[
        tuple[Annotated[str, _at_most(MOST_CHARACTERS, "characters in a null value")], ...],
        Field(min_length=1),
        _at_most(MOST_NULL_VALUES, "null values"),
    ] = ("",)
    delimiter: (
        Annotated[str, Field(min_length=1, max_length=1), AfterValidator(_delimiter)] | None
    ) = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"path": value} if isinstance(value, (str, list)) else value

    @field_validator("path", "null_values", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


class TrainModel(_Model):
    """A model, and how a query's answer trains it."""

    model: Literal["sgd-classifier", "sgd-regressor"]
    target: str
    batch_rows: int = Field(default=10_000, ge=1, le=10_000_000)
    classes: (
        Annotated[
            tuple[Annotated[int, Field(ge=-EXACT, le=EXACT)], ...],
            _at_most(MOST_CLASSES, "classes"),
            AfterValidator(_two_or_more),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _has_classes_if_a_classifier(self) -> TrainModel:
        if self.classes and self.model != "sgd-classifier":
            raise ValueError("'classes' are for a classifier; a regressor has none")
        return self


class QueryModel(_Model):
    """A query: its SQL, or its SQL with a title, a tolerance and other keys.

    With two ``native`` programs it needs no SQL: they are checked against each other.
    """

    sql: str = ""
    title: Title | None = None
    write: Literal["parquet"] | None = None
    train: TrainModel | None = None
    tolerance: float = Field(default=1e-6, ge=0, le=0.1)
    native: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"sql": value} if isinstance(value, str) else value

    @field_validator("sql")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the query is empty; write one SELECT")
        return value.rstrip()

    @field_validator("native", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: [own] if isinstance(own, str) else own for key, own in value.items()}

    @field_validator("native")
    @classmethod
    def _functions(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for engine, functions in value.items():
            for function in functions:
                if not FUNCTION.fullmatch(function):
                    raise ValueError(f"native {engine}: {function!r} should read file.py:function")
        return value

    @model_validator(mode="after")
    def _has_programs(self) -> QueryModel:
        count = sum(map(len, self.native.values()))
        if "sql" not in self.model_fields_set and count < 2:
            raise ValueError(
                "a query is SQL ('sql'), or two programs at least ('native'), which are checked "
                "against each other"
            )
        if not self.sql and self.write:
            raise ValueError("'write' needs 'sql', with which the file is checked")
        if self.train and (self.write or self.native or not self.sql):
            raise ValueError("'train' needs 'sql', and goes with neither 'write' nor 'native'")
        return self


class DataModel(_Model):
    """Generated tables: which generator, and its parameters for each size.

    A generator without parameters has one size, and ``sizes`` is left out.
    """

    generator: str
    sizes: (
        Annotated[
            dict[str, dict[str, Any]],
            Field(min_length=1),
            _at_most(MOST_SIZES, "sizes"),
            _named(SIZE_NAME, "a size", "letters, digits, _, . and - only"),
        ]
        | None
    ) = None


class WorkloadModel(_Model):
    """The keys of a workload file."""

    title: Title | None = None
    input: Annotated[tuple[Input, ...], Field(min_length=1), _at_most(MOST_INPUTS, "inputs")] = (
        Input.MEMORY,
    )
    tables: (
        Annotated[
            dict[str, TableModel],
            _at_most(MOST_TABLES, "tables in one file"),
            _named(NAME, "a table", NAME_RULE),
        ]
        | None
    ) = None
    data: DataModel | None = None
    queries: Annotated[
        dict[str, QueryModel],
        Field(min_length=1),
        _at_most(MOST_QUERIES, "queries in one file"),
        _named(NAME, "a query", NAME_RULE),
    ]

    @field_validator("input", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("tables")
    @classmethod
    def _distinct(cls, value: dict[str, TableModel] | None) -> dict[str, TableModel] | None:
        if value is not None and len(set(map(folded, value))) < len(value):
            raise ValueError("two tables differ only in upper and lower case; SQL cannot tell them")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> WorkloadModel:
        if self.tables and self.data:
            raise ValueError("give 'tables' (your files) or 'data' (a generator), not both")
        if not self.tables and not self.data:
            raise ValueError("no tables: add 'tables' (your files) or 'data' (a generator)")
        return self


def parse(document: Document) -> WorkloadModel:
    """Checks a whole workload file. Raises WorkloadError at the first line that is wrong."""
    if not isinstance(document.data, dict):
        keys = ", ".join(WorkloadModel.model_fields)
        raise WorkloadError(f"a workload is a mapping with the keys {keys}", document.file, 1)
    return validate(WorkloadModel, document.data, document, ())


def validate(model: type[M], value: object, document: Document, within: KeyPath) -> M:
    """Returns ``value``, the part of a file at the path ``within``, as an object of ``model``.

    Raises WorkloadError, with file and line, if it is invalid.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _first_error(error, document, model, within) from error


def _first_error(
    error: ValidationError, document: Document, model: type[BaseModel], within: KeyPath
) -> WorkloadError:
    """Returns the error that comes first in the file as a WorkloadError with file and line.

    ``within`` is the path in the file of the value that ``model`` refused. Missing keys come last,
    since a missing key is often another one misspelt.
    """

    def line(detail: ErrorDetails) -> int:
        return document.line((*within, *detail["loc"]))

    detail = min(error.errors(), key=lambda detail: (detail["type"] == "missing", line(detail)))
    known = _keys(_model_at(model, detail["loc"]))
    return WorkloadError(_words(detail, known), document.file, line(detail))


def _model_at(model: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that the last key of an error's path belongs to: of a query's key, QueryModel."""
    inner: dict[Any, tuple[int, type[BaseModel]]] = {
        "queries": (2, QueryModel),
        "tables": (2, TableModel),
        "data": (1, DataModel),
    }
    depth, found = inner.get(place[0] if place else None, (0, model))
    if place[2:3] == ("train",) and len(place) > 3:
        depth, found = 3, TrainModel
    return found if model is WorkloadModel and len(place) > depth else model


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _words(detail: ErrorDetails, known: list[str]) -> str:
    """Returns a message for one of pydantic's errors, in words of the workload file.

    ``known`` are the keys that may stand where the error is.
    """
    key = next((str(part) for part in reversed(detail["loc"]) if isinstance(part, str)), "")
    value, limits = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key {key!r}; {suggestion(key, known, 'known keys')}"
        case "missing":
            return f"the key {key!r} is missing"
        case "value_error":
            return str(limits["error"])
        case "enum" | "literal_error":
            choices = re.findall(r"'([^']+)'", str(limits["expected"]))
            return f"{key!r} cannot be {value!r}; {suggestion(str(value), choices, 'choices')}"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return f"{key!r} cannot be {value!r}: {_bound(limits)}"
        case "too_short" | "string_too_short":
            return f"{key!r} is empty; name at least one"
        case "string_too_long":
            return f"{key!r} cannot be {value!r}: it should be one character"
        case _:
            return f"{key!r} should be {_expected(detail['type'])}, not {_shown(value)}"


def _bound(limits: Mapping[str, Any]) -> str:
    words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
    return next(f"it should be {words[name]} {limit:g}" for name, limit in limits.items())


def _expected(kind: str) -> str:
    """Returns what a value should be, in words, by pydantic's error type.

    ``int_parsing`` -> a whole number.
    """
    words = {
        "string": "text (put it in quotes)",
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "dict": "a mapping of keys",
        "model": "a mapping of keys",
        "tuple": "a list",
        "list": "a list",
    }
    return words.get(kind.split("_")[0], "something else")


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value)[:40]
