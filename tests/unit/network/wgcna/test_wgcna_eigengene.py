from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from isograph.errors import InputError
from isograph.network.wgcna import module_eigengenes

EXACT = 1e-12


def features(p=20, n=15, seed=0):
    return np.random.default_rng(seed).normal(size=(p, n))


def test_module_eigengenes__of_no_module_are_refused():
    with pytest.raises(InputError, match="there is no module, expected one or more"):
        module_eigengenes(features(), np.zeros(20, dtype=np.int64), exclude_grey=True)


def test_module_eigengenes__take_colours_in_alphabetical_order():
    found = module_eigengenes(features(), np.array(["turquoise", "grey", "blue", "blue"] * 5), exclude_grey=True)
    assert found.labels.tolist() == ["blue", "turquoise"]
    assert_allclose((found.eigengenes**2).sum(axis=1), 1, atol=EXACT)
