"""Settings for all tests."""

from __future__ import annotations

import os

for _name in [name for name in os.environ if name.startswith("PYTEST_XDIST")]:
    del os.environ[_name]  # a run that a test starts is no part of this one
