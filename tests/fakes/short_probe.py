"""A pytest plugin with which the probe does a hundredth of its work."""

from __future__ import annotations

from harness.machine import noise

noise.SINES, noise.COPIES, noise.COPIED_BYTES = 1, 1, 2**21
