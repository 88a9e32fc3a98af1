"""A random permutation of the numbers below n that is computed, not stored."""

from __future__ import annotations

import numpy as np

from harness.data.generators.base import Integers, stream

ROUNDS = 3


class Shuffle:
    """A random permutation of 0 … n-1, computed element by element.

    Each round multiplies by an odd number, adds one and xors the high bits into the low ones; each
    step is invertible, so no two numbers meet. The rounds work on the smallest power of two that
    holds n; a result above n goes through them again ("cycle walking", Black and Rogaway, CT-RSA
    2002).
    """

    def __init__(self, n: int, seed: int, *place: int) -> None:
        bits = max(1, (n - 1).bit_length())
        random = stream(seed, n, *place)
        self.n = np.uint64(n)
        self.mask = np.uint64((1 << bits) - 1)
        self.fold = np.uint64(bits // 2 + 1)
        drawn = random.integers(0, 1 << 62, (ROUNDS, 2), dtype=np.uint64)
        self.rounds = [(factor | np.uint64(1), added) for factor, added in drawn]

    def places(self, numbers: Integers) -> Integers:
        """Returns the image of each number; numbers must be in 0 … n-1."""
        result = self._once(numbers.astype(np.uint64))
        outside = np.flatnonzero(result >= self.n)
        while len(outside):
            result[outside] = self._once(result[outside])
            outside = outside[result[outside] >= self.n]
        return result.astype(np.int64)

    def _once(self, numbers: np.ndarray) -> np.ndarray:
        for factor, added in self.rounds:
            numbers = (numbers * factor + added) & self.mask
            numbers = numbers ^ (numbers >> self.fold)
        return numbers
