"""The name ``report`` -> the package beside this harness, whatever else has that name.

The folder of a notebook, of a script or of a ``conftest.py`` comes first in the path, and may have
a ``report.py``.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path

from harness.errors import HarnessError


@cache
def find_report() -> None:
    """Makes ``report`` the package beside ``harness``, which is imported where it is first used.

    Raises HarnessError if another module of that name has been imported.
    """
    file = Path(__file__).parents[2] / "report" / "__init__.py"
    there = sys.modules.get("report")
    if there is not None:
        if not there.__file__ or not file.samefile(there.__file__):
            place = there.__file__ or "a folder"
            raise HarnessError(
                f"{place} has been imported as the module 'report', and enginebench draws its "
                "results by a package of that name: give yours another name"
            )
        return
    spec = importlib.util.spec_from_file_location("report", file)
    assert spec is not None and spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    sys.modules["report"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
