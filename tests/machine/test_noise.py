"""The probe and its verdict: a steady machine is quiet, and one that slows down is noisy."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from harness.machine.noise import BEFORE, FEWEST, SHARE, Noise, Probe, moved
from tests.support.benchmark_runs import MEANS, TABLE, Project, fakes

QUIET = [1.0, 1.01, 0.99, 1.0, 1.02]


@pytest.mark.parametrize(
    ("during", "share"),
    [
        ([1.0] * 20, 0.0),
        ([1.2] * 5, 0.2),
        ([0.9] * 5, -0.1),
        ([1.0, 1.0, 9.0, 1.0, 1.0], 0.0),  # one late probe
        ([1.0] * 90 + [1.3] * 10, 0.3),  # the last tenth of a run
        ([1.0] * 45 + [1.1] * 15 + [1.0] * 45, 0.1),
        ([1.0, 0.9, 1.0, 1.04, 1.04, 1.04], 0.02),
        ([], 0.0),
    ],
)
def test_how_far_a_machine_has_moved(during: list[float], share: float) -> None:
    assert moved([*QUIET, *during]) == pytest.approx(share)


class Machine:
    """A clock, and a probe that takes 0.05 s times ``slowness``."""

    def __init__(self) -> None:
        self.now, self.slowness = 0.0, 1.0

    def probe(self) -> float:
        self.now += 0.05 * self.slowness
        return 0.05 * self.slowness


def noise_of(machine: Machine, slowness: float = 1.0, seconds: float = 60.0) -> Noise:
    """Returns the Noise of a run whose cells take 0.1 s each.

    In the second half of its ``seconds`` the probe takes ``slowness`` times as long.
    """
    noise = Noise(machine.probe, lambda: machine.now)
    noise.begin()
    end = machine.now + seconds
    while machine.now < end:
        machine.now += 0.1
        machine.slowness = slowness if machine.now > end - seconds / 2 else 1.0
        noise.between()
    noise.end()
    return noise


def test_a_steady_machine_is_quiet() -> None:
    noise = noise_of(Machine())
    assert (noise.noisy, noise.words()) == (False, "")
    assert noise.entry().moved == 0


@pytest.mark.parametrize(("slowness", "noisy"), [(1.04, False), (1.07, True), (0.9, True)])
def test_a_planted_slow_down_of_more_than_five_percent_is_noise(
    slowness: float, noisy: bool
) -> None:
    noise = noise_of(Machine(), slowness)
    assert noise.noisy is noisy
    assert noise.moved == pytest.approx(slowness - 1)


def test_without_a_beginning_there_are_no_probes_and_no_noise() -> None:
    noise = Noise(Machine().probe)
    noise.between()
    noise.end()
    assert (noise.probes, noise.words()) == ([], "")


def test_the_verdict_is_told_in_words() -> None:
    assert "ran up to 20% slower during the run" in noise_of(Machine(), 1.2).words()
    assert "ran up to 10% faster during the run" in noise_of(Machine(), 0.9).words()


def test_a_machine_that_is_disturbed_from_first_to_last_is_noisy_too() -> None:
    noise = Noise(iter([1.0, *[1.0, 1.3, 1.1] * 10]).__next__)
    noise.begin()
    noise.end()
    assert abs(noise.moved) < 0.05
    assert noise.noisy
    assert "took times that lie 27% apart" in noise.words()


def test_probes_take_less_than_a_fiftieth_of_a_run() -> None:
    noise = noise_of(Machine(), seconds=600.0)
    during = len(noise.probes) - BEFORE
    assert during * 0.05 / 600 == pytest.approx(SHARE, rel=0.02)


def test_a_short_run_is_probed_at_its_end() -> None:
    noise = noise_of(Machine(), slowness=1.5, seconds=0.2)
    assert len(noise.probes) == BEFORE + FEWEST
    assert noise.noisy


def test_threads_that_take_every_core_away_slow_the_real_probe_down() -> None:
    probe = Probe(threads=2)
    probe()
    alone = np.median([probe() for _ in range(5)])
    stop, busy = threading.Event(), Probe(threads=2 * (os.cpu_count() or 1))

    def disturb() -> None:
        while not stop.is_set():
            busy()

    thread = threading.Thread(target=disturb)
    thread.start()
    time.sleep(0.05)
    crowded = np.median([probe() for _ in range(5)])
    stop.set()
    thread.join()
    assert crowded > 1.2 * alone


def test_a_slow_down_is_marked_in_the_results_and_on_the_terminal(
    tmp_path: Path,
) -> None:
    yaml = f"tables: {{t: t.csv}}\nqueries:\n  q1: {MEANS}\n"
    project = Project(tmp_path).write(that_yaml=yaml, t_csv=TABLE)
    done = project.benchmark("that.yaml", "-p", "tests.fakes.noise", "--engines", fakes("Right"))
    noise = project.results()["noise"]
    assert noise["probe_seconds"] == [*[0.05] * BEFORE, *[0.06] * FEWEST]
    assert (noise["moved"], noise["noisy"]) == (0.2, True)
    assert "noisy: a fixed probe ran up to 20% slower during the run" in done.out
