"""A temporary PostgreSQL server: found, made, started on loopback, and removed with its process.

PostgreSQL refuses to run as root, so root starts it as another user. It is a child of the process
that starts it, so that it is measured and killed with that. What a killed server leaves is in its
folder, also its dynamic shared memory; other shared memory is marked for removal from the start.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.machine.closing import Closing
from harness.machine.processtree import MARK
from harness.machine.scratch import is_temporary, own_folder

if TYPE_CHECKING:
    import pwd

PLACES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin")
"""Where packages install programs that are not on the PATH, below the root."""
USERS = ("postgres", "nobody")
"""Users as which root runs the server: the first that exists."""
START_SECONDS = 60.0
STOP_SECONDS = 10.0
LOCALE = ("--encoding=UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8")
"""Options with which texts sort by code points, and all letters have upper and lower case."""
IPC_RMID, PR_SET_PDEATHSIG = 0, 1
SHARED_MEMORY_LINE = 6
"""The line of postmaster.pid with key and id of the server's shared memory."""


@cache
def programs(root: Path = Path("/")) -> Path | None:
    """Returns the folder of the newest PostgreSQL's initdb and postgres, or None."""
    on_path = shutil.which("initdb")
    found = [folder for place in PLACES for folder in root.glob(place)]
    newest = sorted(found, key=lambda folder: [*map(int, re.findall(r"\d+", str(folder)))])
    folders = [*([Path(on_path).resolve().parent] if on_path else []), *reversed(newest)]
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


@cache
def version() -> str | None:
    """Returns the version of the installed PostgreSQL, or None."""
    folder = programs()
    if folder is None:
        return None
    output = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True)
    found = re.search(r"\d[\w.]*", output.stdout)
    return found[0] if found else None


def unavailable() -> str | None:
    """Returns why no server can be started here; None if one can."""
    if programs() is not None:
        return None
    return "no initdb of PostgreSQL's is here: install PostgreSQL, or --connect to a server"


class PostgresServer(Closing):
    """Makes a database in a folder of its own and starts its server; ``close`` ends both."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        folder = programs()
        if folder is None:
            raise FileNotFoundError("there is no initdb")
        self._user = _user()
        self.folder = own_folder("postgres-")
        _let_in(self.folder, self._user)
        self.data, self._password = self.folder / "data", secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._initialise(folder / "initdb")
            self.port = _free_port()
            self._start(folder / "postgres", {**_OWN_SETTINGS, **settings, "port": self.port})
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """The server's URL for clients, ``postgresql://…``; it contains the password."""
        return f"postgresql://bench:{self._password}@127.0.0.1:{self.port}/postgres"

    def _initialise(self, initdb: Path) -> None:
        file = self.folder / "password"
        file.touch(0o600)
        file.write_text(self._password)
        _give(file, self._user)
        command: list[str | Path] = [initdb, "-D", self.data, "-U", "bench", f"--pwfile={file}"]
        done = subprocess.run(
            [*command, "--auth=scram-sha-256", "--no-sync", *LOCALE],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **self._as_user(),
        )
        file.unlink()
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stdout.strip().splitlines()[-1:]}")

    def _start(self, postgres: Path, settings: Mapping[str, object]) -> None:
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [postgres, "-D", self.data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to handle
                preexec_fn=_dies_with_its_parent,
                **self._as_user(),
            )
        self._await()
        _remove_shared_memory_at_the_end(self.data / "postmaster.pid")

    def _await(self) -> None:
        """Waits until the server's ``postmaster.pid`` says that it is ready.

        Raises RuntimeError if the server ends, or takes longer than START_SECONDS.
        """
        deadline, state = time.monotonic() + START_SECONDS, self.data / "postmaster.pid"
        while not (state.exists() and state.read_text().rstrip().endswith("ready")):
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self._last_words()}")
            time.sleep(0.02)

    def _last_words(self) -> str:
        return " ".join(self.log.read_text(errors="replace").splitlines()[-3:])

    def _as_user(self) -> dict[str, Any]:
        """Returns arguments that make `subprocess` run a child as the server's user.

        The child is in no further groups of users, whatever the parent's are.
        """
        own: dict[str, Any] = {"cwd": self.folder, "env": _environment()}
        if self._user is not None:
            own |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return own

    def close(self) -> None:
        """Ends the server and removes its folder; may be called twice."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing is to be saved
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


_OWN_SETTINGS: Mapping[str, object] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",  # in its folder
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",  # tables are analysed once they are loaded
}


def _user() -> pwd.struct_passwd | None:
    """Returns the user that the server must run as; None if it is the current one."""
    import pwd  # Windows has none

    if os.getuid() != 0:
        return None
    for name in USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PermissionError("PostgreSQL cannot run as root, and there is no user postgres or nobody")


def _let_in(folder: Path, user: pwd.struct_passwd | None) -> None:
    """Gives a folder to a user, and lets the user enter the run's own folders around it."""
    if user is None:
        return
    _give(folder, user)
    for above in folder.parents:
        if above.stat().st_mode & 0o001:
            continue
        if not is_temporary(above):
            raise PermissionError(
                f"PostgreSQL runs as {user.pw_name}, who may not enter {above}; set TMPDIR"
            )
        os.chown(above, -1, user.pw_gid)
        above.chmod(above.stat().st_mode & 0o777 | 0o010)


def _give(path: Path, user: pwd.struct_passwd | None) -> None:
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _environment() -> dict[str, str]:
    """Returns the server's environment variables, all others being left out."""
    return {name: os.environ[name] for name in ("PATH", "TZ", MARK) if name in os.environ}


def _dies_with_its_parent() -> None:
    """Makes the kernel end this process, which becomes the server, as soon as its parent ends."""
    with contextlib.suppress(AttributeError):  # macOS
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)


def _remove_shared_memory_at_the_end(state: Path) -> None:
    """Marks the server's shared memory for removal with its last process.

    ``state`` is the server's ``postmaster.pid``, which has the memory's id.
    """
    segment = state.read_text().splitlines()[SHARED_MEMORY_LINE].split()[-1]
    _LIBC.shmctl(int(segment), IPC_RMID, None)


_LIBC = ctypes.CDLL(None)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
