"""A pytest plugin with which the probe takes a fifth longer once a run has begun."""

from __future__ import annotations

import itertools

from harness.machine.noise import BEFORE, Probe

_readings = itertools.chain([0.05] * (1 + BEFORE), itertools.repeat(0.06))
Probe.__call__ = lambda self: next(_readings)  # type: ignore[method-assign]
