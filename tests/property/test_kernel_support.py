from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

from isograph.kernels.support import leave_gene_out

CLOSE = 1e-7


@st.composite
def modules(draw):
    """Unit rows around one signal, each the only feature of its gene."""
    p, n = draw(st.integers(3, 7)), draw(st.integers(4, 9))
    noise = draw(hnp.arrays(np.int64, (p, n), elements=st.integers(-8, 8)))
    signal = draw(hnp.arrays(np.int64, n, elements=st.integers(-8, 8)))
    z = noise / 8 + signal
    z = z - z.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(z, axis=1, keepdims=True)
    assume(lengths.min() > 0.1)
    return z / lengths


def support(unit):
    values, axes = np.linalg.eigh(unit.T @ unit)
    kept = values > 1e-12 * values[-1]
    # NOTE: where the first two eigenvalues are alike, an eigengene without the gene is not determined.
    assume(len(values) > 1 and values[-2] < 0.3 * values[-1])
    out = np.empty(len(unit))
    alone = np.full(len(unit), -1)
    in_module = np.ones(len(unit), dtype=bool)
    axes = axes[:, kept][:, ::-1]
    leave_gene_out(values[kept][::-1].copy(), unit @ axes, in_module, alone, 0, len(unit), out)
    return out


@given(modules())
def test_leave_gene_out__is_a_correlation(unit):
    r = support(unit)
    assert (np.abs(r) <= 1 + CLOSE).all()


@given(modules(), st.randoms(use_true_random=False))
def test_leave_gene_out__does_not_depend_on_the_order_of_features(unit, random):
    order = np.array(random.sample(range(len(unit)), len(unit)))
    assert_allclose(np.abs(support(unit[order])), np.abs(support(unit)[order]), rtol=0, atol=CLOSE)
