"""The command ``harness new``: a name -> the files of an engine that runs, to be filled in."""

from __future__ import annotations

import colorsys
import re
import tomllib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from harness import engines
from harness.commands import skeletons
from harness.commands.new_workload import new_workload
from harness.errors import HarnessError
from harness.words import suggestion


class _FilesOrCommand(TyperGroup):
    """A group of commands: ``harness new data.csv`` is ``harness new workload data.csv``."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        first = args[0] if args else "--help"
        of_files = "." in first or Path(first).exists() or first == "--output"
        own = of_files and first not in self.commands
        return super().parse_args(ctx, ["workload", *args] if own else args)


new = typer.Typer(
    cls=_FilesOrCommand,
    help="Draft a workload over your files (harness new data.csv), or write an engine to fill in.",
)
new.command("workload")(new_workload)
FAMILIES = {"sql": skeletons.SQL, "python": skeletons.PYTHON}
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_GROUP = '[project.entry-points."harness.engines"]'
_EXTRAS = "[project.optional-dependencies]"


@new.callback()
def about() -> None:
    """Draft a workload over your files (harness new data.csv), or write an engine to fill in."""


@new.command("engine")
def new_engine(
    name: Annotated[str, typer.Argument(help="Its name, such as my-engine.", show_default=False)],
    family: Annotated[
        str,
        typer.Option(
            help="sql: it runs the query's SQL, in a dialect over a connection. "
            "python: it runs programs in a Python API, which an emitter writes."
        ),
    ] = "sql",
    folder: Annotated[
        Path, typer.Option(help="Where a package of its own is written.", show_default=False)
    ] = Path(),
) -> None:
    """Write an engine that runs as it is, its entry point and its test.

    In a checkout of the project the engine becomes one of its own; anywhere else, a package that
    announces it. No file is overwritten. Example: harness new engine my-engine --family sql
    """
    names = _names(name, family)
    own = _is_checkout(folder)
    files = _files_of_project(names, family) if own else _files_of_package(names, family)
    there = [path for path in files if (folder / path).exists()]
    if there:
        raise HarnessError(f"{folder / there[0]} is there already; choose another name or --folder")
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        typer.echo(f"wrote {folder / path}")
    if own:
        _announce(folder / "pyproject.toml", names)
    _advise(folder, names, own)


def _names(name: str, family: str) -> dict[str, str]:
    """Returns, by placeholder, the values that a new engine's templates are filled with.

    Raises HarnessError for an invalid name.
    """
    if family not in FAMILIES:
        raise HarnessError(f"no family {family!r}; {suggestion(family, FAMILIES, 'families')}")
    if _NAME.fullmatch(name) is None:
        raise HarnessError(f"{name!r} is no name: letters from a to z, digits and single hyphens")
    if name in engines.names():
        raise HarnessError(f"there is an engine {name!r} already: harness doctor lists them")
    words = name.split("-")
    return {
        "name": name,
        "module": "_".join(words),
        "kind": "".join(word.capitalize() for word in words),
        "label": " ".join(word.capitalize() for word in words),
        "colour": _colour(name),
        "family": family,
    }


def _colour(name: str) -> str:
    """Returns a colour for an engine, ``#rrggbb``, computed from its name: the same each time."""
    rgb = colorsys.hls_to_rgb(zlib.crc32(name.encode()) / 2**32, 0.45, 0.7)
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)


def _is_checkout(folder: Path) -> bool:
    """True if a folder is a checkout of this project: ``pyproject.toml`` has the project's name."""
    file = folder / "pyproject.toml"
    if not (file.is_file() and (folder / "harness" / "engines").is_dir()):
        return False
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    return bool(found.get("project", {}).get("name") == "enginebench")


def _files_of_project(names: Mapping[str, str], family: str) -> dict[str, str]:
    module, engine = names["module"], FAMILIES[family].substitute(names)
    test = {f"tests/engines/test_{module}.py": skeletons.TEST.substitute(names)}
    if family == "sql":
        return {f"harness/engines/sql/{module}.py": engine, **test}
    about = f'"""{names["label"]}."""\n'
    place = f"harness/engines/{module}"
    return {f"{place}/__init__.py": about, f"{place}/engine.py": engine, **test}


def _files_of_package(names: Mapping[str, str], family: str) -> dict[str, str]:
    package = f"enginebench-{names['name']}"
    return {
        f"{package}/pyproject.toml": skeletons.PROJECT.substitute(names),
        f"{package}/enginebench_{names['module']}/__init__.py": FAMILIES[family].substitute(names),
        f"{package}/tests/test_{names['module']}.py": skeletons.TEST.substitute(names),
    }


def _announce(file: Path, names: Mapping[str, str]) -> None:
    """Adds a new engine's entry point and extra to the ``pyproject.toml`` of the project."""
    module = names["module"]
    place = f"sql.{module}" if names["family"] == "sql" else f"{module}.engine"
    text = file.read_text(encoding="utf-8")
    point = f'{names["name"]} = "harness.engines.{place}:{names["kind"]}"'
    text = _with_line(text, _GROUP, point)
    text = _with_line(text, _EXTRAS, f"{names['name']} = []  # the distributions of its library")
    file.write_text(text, encoding="utf-8")
    typer.echo(f"changed {file}: an entry point and an extra")


def _with_line(text: str, section: str, line: str) -> str:
    """Returns a TOML text with a line added at the start of a section.

    ``section`` is the line that begins the section, such as ``[project.scripts]``.
    """
    return text.replace(f"{section}\n", f"{section}\n{line}\n", 1)


def _advise(folder: Path, names: Mapping[str, str], own: bool) -> None:
    place = folder if own else folder / f"enginebench-{names['name']}"
    test = f"tests/engines/test_{names['module']}.py" if own else "tests"
    typer.echo(
        f"\nNext, in {place.absolute()}:\n"
        "  python -m pip install -e .      # announces the engine\n"
        f"  python -m pytest {test}\n"
        f"  harness doctor --functions --engine {names['name']}"
    )
