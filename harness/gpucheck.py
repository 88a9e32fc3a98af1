"""``python -m harness.gpucheck``: all GPU engines on every workload, verified, with a report.

Further arguments go to pytest. Without a GPU it says what is missing, and ends with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from harness import engines
from harness.engines.gpu import GpuEngine
from harness.gpu.discovery import NoGpu, usable_gpu


def main(arguments: Sequence[str]) -> int:
    try:
        print(usable_gpu())
    except NoGpu as error:
        print(f"no GPU engine can run: {error}", file=sys.stderr)
        return 1
    names = [name for name in engines.names() if isinstance(engines.get(name), GpuEngine)]
    return int(pytest.main(["--benchmark", "--engines", ",".join(names), *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
