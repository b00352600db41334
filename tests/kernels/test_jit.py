from __future__ import annotations

import numpy as np
import pytest

from isograph.kernels._jit import kernel


def is_missing(values):
    return np.isnan(values[0])


@pytest.mark.parametrize("setting", ["0", "1"])
def test_kernel__sees_missing_values(monkeypatch, setting):
    monkeypatch.setenv("ISOGRAPH_JIT_CACHE", setting)
    compiled = kernel(is_missing)
    assert compiled(np.array([np.nan]))
    assert not compiled(np.array([1.0]))


def test_kernel__refuses_a_cache_setting_it_does_not_know(monkeypatch):
    monkeypatch.setenv("ISOGRAPH_JIT_CACHE", "yes")
    with pytest.raises(ValueError, match=r"^ISOGRAPH_JIT_CACHE is 'yes', expected 0 or 1$"):
        kernel(is_missing)
