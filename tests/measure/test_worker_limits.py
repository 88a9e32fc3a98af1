"""The memory that a run may use, by the machine and its control groups."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from harness.machine.limits import default_memory_limit, oom_kills
from harness.machine.sampling import Sampler

MIB = 2**20


def files(root: Path, contents: dict[str, str]) -> Path:
    for name, text in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_the_limit_is_four_fifths_of_what_is_available(tmp_path: Path) -> None:
    available = psutil.virtual_memory().available
    assert default_memory_limit(tmp_path) == pytest.approx(0.8 * available, rel=0.1)


def test_a_control_group_of_version_2_counts_with_those_above_it(tmp_path: Path) -> None:
    root = files(
        tmp_path,
        {
            "proc/self/cgroup": "0::/box/inner\n",
            "sys/fs/cgroup/box/inner/memory.max": "max\n",
            "sys/fs/cgroup/box/inner/memory.current": str(10 * MIB),
            "sys/fs/cgroup/box/memory.max": str(100 * MIB),
            "sys/fs/cgroup/box/memory.current": str(70 * MIB),
            "sys/fs/cgroup/box/memory.stat": f"anon 1\ninactive_file {20 * MIB}\n",
        },
    )
    assert default_memory_limit(root) == 40 * MIB


def test_a_control_group_of_version_1_counts(tmp_path: Path) -> None:
    root = files(
        tmp_path,
        {
            "proc/self/cgroup": "9:cpuset:/\n4:memory:/box\n0::/\n",
            "sys/fs/cgroup/memory/box/memory.limit_in_bytes": str(100 * MIB),
            "sys/fs/cgroup/memory/box/memory.usage_in_bytes": str(50 * MIB),
        },
    )
    assert default_memory_limit(root) == 40 * MIB


def test_the_kernel_s_count_of_killed_processes_is_read(tmp_path: Path) -> None:
    root = files(tmp_path, {"proc/vmstat": "nr_free_pages 5\noom_kill 3\n"})
    assert oom_kills(root) == 3
    assert oom_kills(tmp_path / "nowhere") == 0


def test_a_sampler_sees_this_process() -> None:
    sampler = Sampler(os.getpid())
    resident = psutil.Process().memory_info().rss
    assert sampler.sample() == pytest.approx(resident, rel=0.2)
    sampler.close()


def test_a_sampler_of_a_process_that_is_gone_sees_nothing() -> None:
    sampler = Sampler(2**22 + 1)
    assert sampler.sample() == 0
    sampler.close()
