"""The one place that knows how kernels are compiled."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., object])
_CACHE_SETTINGS = {"0": False, "1": True}


def kernel(function: _Function) -> _Function:
    """Compile ``function`` without the GIL, without fastmath, dividing as numpy does, cached on disk.

    Kernels are serial over the range of rows they are given; threads run one kernel over disjoint ranges, so results
    do not depend on how many there are. ``ISOGRAPH_JIT_CACHE=0`` turns the disk cache off.
    """
    setting = os.environ.get("ISOGRAPH_JIT_CACHE", "1")
    if setting not in _CACHE_SETTINGS:
        raise ValueError(f"ISOGRAPH_JIT_CACHE is '{setting}', expected 0 or 1")
    compiled = numba.njit(cache=_CACHE_SETTINGS[setting], nogil=True, fastmath=False, error_model="numpy")(function)
    return cast("_Function", compiled)
