"""Locks of files: one process holds each, at most until it ends; the file's content stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from harness.machine.locks import held, try_lock

HOLDING = """
import sys, time
from pathlib import Path
from harness.machine.locks import try_lock
lock = try_lock(Path(sys.argv[1]))
print(lock is not None, flush=True)
time.sleep(60)
"""


def test_a_lock_ends_with_the_process_that_holds_it_and_the_content_stays(tmp_path: Path) -> None:
    file = tmp_path / "content"
    file.write_text("of the file itself")
    before = file.stat().st_mtime_ns
    command = [sys.executable, "-c", HOLDING, str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    assert try_lock(file) is None
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    lock = try_lock(file)
    assert lock is not None
    assert (file.read_text(), file.stat().st_mtime_ns) == ("of the file itself", before)
    lock.release()


def test_a_lock_in_a_folder_that_is_gone_cannot_be_had(tmp_path: Path) -> None:
    assert try_lock(tmp_path / "gone" / "lock") is None
    assert list(tmp_path.iterdir()) == []


def test_of_several_that_wait_one_at_a_time_holds_and_no_file_is_left(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        for _ in range(5):
            with held(tmp_path / "lock"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.002)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert list(tmp_path.iterdir()) == []
