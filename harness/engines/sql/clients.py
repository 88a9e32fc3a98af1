"""What several clients of each SQL engine are, and why: see ``Clients`` in ``engines/base.py``."""

from __future__ import annotations

from harness.engines.base import Clients
from harness.engines.session import Sharing

DUCKDB = Clients(Sharing.CONNECTIONS, "a connection is for one thread, and cursor() opens another")
CHDB = Clients(Sharing.CONNECTIONS, "connections to one engine run queries side by side")
HYPER = Clients(
    Sharing.CONNECTIONS, "a connection is for one thread, and has temporary tables of its own"
)
SQLITE = Clients(
    Sharing.CONNECTIONS, "a connection is for one thread, and has tables in memory of its own"
)
POSTGRES = Clients(
    Sharing.CONNECTIONS, "a connection is for one thread, and has a process of the server"
)
DATAFUSION = Clients(Sharing.THREADS, "a session's context is made to be shared by threads")
