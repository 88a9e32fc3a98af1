"""The memory that a run may use, by the machine and its control groups."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
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


HOLDING = """
import mmap, sys
with open(sys.argv[1], "rb") as file:
    pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
sum(pages[at] for at in range(0, len(pages), 4096))
print("mapped", flush=True)
input()
held = bytearray(150 * 2**20)
held[::4096] = bytes(len(held) // 4096)
print("held", flush=True)
input()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_pages_of_mapped_files_do_not_count_against_the_limit(tmp_path: Path) -> None:
    """The system can take them back, as it does with a library that maps what it reads."""
    (tmp_path / "file").write_bytes(bytes(200 * MIB))
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path / "file")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    exceeded = threading.Event()
    sampler = Sampler(process.pid, 100 * MIB, exceeded.set)
    try:
        assert process.stdout.readline() == "mapped\n"
        assert sampler.sample() > 200 * MIB
        sampler.attend()
        sampler.start()
        assert not exceeded.wait(0.3)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "held\n"
        assert exceeded.wait(5)
        assert sampler.out_of_memory
    finally:
        sampler.close()
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
