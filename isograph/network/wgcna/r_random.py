"""R's random numbers, so that what R draws is drawn here."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index

_WORD = 2**32
_UNIFORM = 2.3283064365386963e-10
_SCRAMBLES = 50
_STATE_WORDS = 624
_CHUNK_BITS = 16


class RRandom:
    """R's default generator (Mersenne Twister, rejection sampling) after ``set.seed(seed)``."""

    def __init__(self, seed: int) -> None:
        word = seed % _WORD
        for _ in range(_SCRAMBLES):
            word = (69069 * word + 1) % _WORD
        words = np.empty(_STATE_WORDS + 1, dtype=np.uint32)
        for position in range(_STATE_WORDS + 1):
            word = (69069 * word + 1) % _WORD
            words[position] = word
        self._bits = np.random.MT19937()
        self._bits.state = {"bit_generator": "MT19937", "state": {"key": words[1:], "pos": _STATE_WORDS}}

    def uniform(self) -> float:
        """Return the next uniform number in (0, 1)."""
        return int(self._bits.random_raw()) * _UNIFORM

    def below(self, n: int) -> int:
        """Return the next integer in [0, n)."""
        bits = (n - 1).bit_length()
        while True:
            drawn = 0
            for _ in range(bits // _CHUNK_BITS + 1):
                drawn = (drawn << _CHUNK_BITS) | int(self.uniform() * 2**_CHUNK_BITS)
            drawn &= (1 << bits) - 1
            if drawn < n:
                return drawn

    def sample(self, n: int, size: int | None = None) -> Index:
        """Return ``size`` (all) of 0 … n − 1 in random order; R: ``sample(n, size) - 1``."""
        pool = list(range(n))
        out = np.empty(n if size is None else size, dtype=np.int64)
        for position in range(len(out)):
            drawn = self.below(len(pool))
            out[position] = pool[drawn]
            pool[drawn] = pool[-1]
            pool.pop()
        return out
