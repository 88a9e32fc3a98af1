"""A virtual environment of an engine's own, made once for its requirements and kept in the cache.

An engine has one if its version is selected (``polars==1.44.2``), or if its library cannot be
installed beside others. A run makes the environments of its engines. A worker runs this harness
with such an environment's Python, which cannot import all of it: see ``OF_A_WORKER``.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.engines.base import Engine
from harness.errors import CannotInstall
from harness.records.whole import write_whole
from harness.words import visible

OF_A_WORKER = ("filelock", "psutil")
"""Distributions that every worker imports, in the versions of the harness's environment."""
ANSWERS = "pyarrow"
"""The distribution with which a worker writes answers, in the newest version the engine allows."""
WAIT_SECONDS = 1800
_LISTED = """
import importlib.metadata, json
print(json.dumps({d.name: d.version for d in importlib.metadata.distributions()}))
"""


@dataclass(frozen=True)
class OwnEnvironment:
    """A complete virtual environment: its folder, and its packages' versions by canonical name."""

    folder: Path
    versions: Mapping[str, str]

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def variables(self, packages: Path) -> dict[str, str]:
        """Returns the environment variables of a process that runs its Python.

        ``packages`` is a folder for links to packages of the harness's environment: that
        environment's site-packages would bring all others, too.
        """
        return {"PYTHONPATH": str(packages), "VIRTUAL_ENV": str(self.folder)}


def requirements(distribution: str, pin: str) -> tuple[str, ...]:
    """Returns what to install for a distribution and a version.

    ``("dask", "==2026.7.1")`` -> ``("dask[dataframe,distributed]==2026.7.1",)``. The extras are
    those that the harness itself requires of the distribution.
    """
    return (f"{distribution}{_extras(distribution)}{pin}",)


def _extras(distribution: str) -> str:
    found = _requirement(distribution)
    return f"[{','.join(sorted(found.extras))}]" if found and found.extras else ""


def _requirement(distribution: str) -> Requirement | None:
    """Returns what the harness itself requires of a distribution; None if it does not need it."""
    found = map(Requirement, importlib.metadata.requires("enginebench") or [])
    name = canonicalize_name(distribution)
    return next((each for each in found if canonicalize_name(each.name) == name), None)


class InOwnEnvironment(Engine):
    """An engine whose library is installed into an environment of its own."""

    hands_over: ClassVar[str] = ""  # its environment has no scikit-learn
    requires: ClassVar[tuple[str, ...]]
    """The requirements of the environment, as pip reads them."""
    selected: ClassVar[bool] = False
    """True if a person has selected the version: ``unavailable`` makes the environment, too."""

    def home(self, say: Callable[[str], None] = lambda _: None) -> OwnEnvironment:
        """Returns the environment, and makes it if needed; raises CannotInstall.

        ``say`` is called with a text before the environment is made, which takes some
        seconds and a download.
        """
        found = _homes.get(self.requires)
        if found is None:
            found = _homes[self.requires] = _found_or_made(self.requires, say)
        if isinstance(found, CannotInstall):
            raise found
        return found

    @property
    def made(self) -> bool:
        """Whether the environment is there; unlike ``unavailable``, this makes none."""
        return _complete(_folder(_needed(self.requires))) is not None

    def unavailable(self) -> str | None:
        found = self._there()
        if found is None:
            return (
                f"it has no environment of its own yet: pytest --benchmark --engines {self.name} "
                f"installs {', '.join(self.requires)} into one"
            )
        return str(found) if isinstance(found, CannotInstall) else self.too_old()

    def _there(self) -> OwnEnvironment | CannotInstall | None:
        """Returns the environment, or why it cannot be made; None if it has not been made yet."""
        if self.selected and self.requires not in _homes:
            with contextlib.suppress(CannotInstall):
                return self.home()
        return _homes.get(self.requires) or _complete(_folder(_needed(self.requires)))

    def untried(self) -> str | None:
        """Returns a warning if the version is not one that the harness requires, else None.

        Programs were written for the versions that it requires.
        """
        version, tried = self.version(), _requirement(self.distribution)
        if version is None or tried is None or tried.specifier.contains(version):
            return None
        return (
            f"{self.label}: programs are written for {tried.name}{tried.specifier}; "
            "what an older one does otherwise ends a cell as wrong or error"
        )

    def installed(self, distribution: str) -> str | None:
        found = self._there()
        if not isinstance(found, OwnEnvironment):
            return None
        return found.versions.get(canonicalize_name(distribution))


_homes: dict[tuple[str, ...], OwnEnvironment | CannotInstall] = {}
"""Requirements -> the environment, or the error, in this process: none is tried twice."""


def _needed(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Returns all that is installed into an environment for the requirements ``wanted``."""
    shared = (f"{name}=={importlib.metadata.version(name)}" for name in OF_A_WORKER)
    return (*wanted, ANSWERS, *shared)


def _folder(needed: tuple[str, ...]) -> Path:
    from harness.data.budget import ENVIRONMENT  # not in a worker
    from harness.data.cache import default_root

    key = hashlib.sha256(json.dumps([needed, sys.version]).encode()).hexdigest()[:20]
    return default_root().absolute() / f"{ENVIRONMENT}-{key}"


def _found_or_made(
    wanted: tuple[str, ...], say: Callable[[str], None]
) -> OwnEnvironment | CannotInstall:
    from harness.data.budget import use  # not in a worker
    from harness.machine.locks import held

    needed = _needed(wanted)
    folder = _folder(needed)
    try:
        with held(folder.with_name(f"{folder.name}.lock")):
            # Marked as used before it is read: one that is not, another run may remove.
            found = _complete(folder) if use(folder.parent, _manifest(folder)) else None
            if found is None:
                say(f"installing {', '.join(wanted)} into an environment of its own (once)")
                found = _make(folder, needed, wanted)
        return found
    except CannotInstall as error:
        return error
    except OSError as error:
        return CannotInstall(f"no environment can be made in {folder.parent}: {error}")


def _complete(folder: Path) -> OwnEnvironment | None:
    """Returns the environment in a folder, or None if it was never completed."""
    try:
        return OwnEnvironment(folder, json.loads(_manifest(folder).read_text()))
    except (FileNotFoundError, ValueError):
        return None


def _manifest(folder: Path) -> Path:
    """Returns the file of a complete environment that has the versions of its distributions."""
    from harness.data.budget import MANIFEST  # not in a worker

    return folder / MANIFEST


def _make(folder: Path, needed: Sequence[str], wanted: Sequence[str]) -> OwnEnvironment:
    """Makes an environment in its final folder, by uv or else by pip; it cannot be moved.

    ``needed`` is what to install, ``wanted`` the requirement in words for an error. Raises
    CannotInstall. The caller holds the environment's lock.
    """
    reasons = []
    for install in (_by_uv, _by_pip):
        shutil.rmtree(folder, ignore_errors=True)
        reason = install(folder, needed)
        if reason is None:
            versions = _versions(folder)
            write_whole(_manifest(folder), json.dumps(versions).encode())
            return OwnEnvironment(folder, versions)
        reasons.append(reason)
    shutil.rmtree(folder, ignore_errors=True)
    raise CannotInstall(f"{', '.join(wanted)} cannot be installed: {reasons[-1]}")


def _by_uv(folder: Path, needed: Sequence[str]) -> str | None:
    """Makes an environment with uv and installs what is ``needed``, as ``dask==2026.7.1``.

    Modules are compiled now, as pip does, and not while an engine's first start is timed. Returns
    why that failed, or None.
    """
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        return "uv is not installed"
    made = _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
    python = str(OwnEnvironment(folder, {}).python)
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    return made or _run([*install, *needed])


def _by_pip(folder: Path, needed: Sequence[str]) -> str | None:
    """Makes an environment with venv, and installs the requirements ``needed`` with pip.

    Returns why that failed, or None.
    """
    made = _run([sys.executable, "-P", "-m", "venv", "--without-pip", str(folder)])
    python = str(OwnEnvironment(folder, {}).python)
    pip = [sys.executable, "-P", "-m", "pip", "--python", python, "install", "--quiet"]
    return made or _run([*pip, "--no-input", "--disable-pip-version-check", *needed])


def _run(command: Sequence[str]) -> str | None:
    """Runs a command, which ends with this process; returns why it failed, in a line, or None.

    It runs in the root folder, so that no project's settings apply: uv also reads settings in
    the folders above, and one of these may be for temporary files, where every user may write.
    """
    from harness.machine.following import following  # not in a worker

    try:
        ran = subprocess.run(
            following(command),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {WAIT_SECONDS} s"
    return None if ran.returncode == 0 else _reason(ran.stderr or ran.stdout)


def _reason(output: str) -> str:
    """Returns the line of a failed command's output that says why: the last ``ERROR:`` of pip.

    Without one it is the last line, where uv's explanation ends. Of an index's address it has no
    user and no token: the line comes into results and page.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    told = (errors or lines or ["no reason given"])[-1]
    return visible(re.sub(r"(?<=://)[^\s/]*@", "***@", told))


def _versions(folder: Path) -> dict[str, str]:
    python = str(OwnEnvironment(folder, {}).python)
    listed = subprocess.run(
        [python, "-I", "-c", _LISTED], capture_output=True, text=True, check=True
    )
    return {canonicalize_name(name): v for name, v in json.loads(listed.stdout).items()}


def link_packages(folder: Path, modules: Iterable[str]) -> None:
    """Links the packages that contain modules (``a.b.c`` -> ``a``) into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in {module.partition(".")[0] for module in modules}:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations and not (folder / name).exists():
            (folder / name).symlink_to(Path(next(iter(spec.submodule_search_locations))).absolute())
