from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import support as reference

from isograph.kernels.support import leave_gene_out

# NOTE: power iteration stops at a change of 1e-12, which is off by that over one less the ratio of two eigenvalues.
CLOSE = 1e-9


def genes_of(p, n, seed, *, signal=1.5):
    """Features of noise around one signal, two of most genes, some of them not in the module."""
    rng = np.random.default_rng([p, n, seed])
    z = rng.normal(size=(p, n)) + signal * rng.choice([-1, 1], size=(p, 1)) * rng.normal(size=n)
    gene_of = np.arange(p) // 2
    in_module = rng.random(p) < 0.8
    in_module[:3] = True
    return z - z.mean(axis=1, keepdims=True), in_module, gene_of


def support(z, in_module, gene_of, start=0, stop=None):
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    values, axes = np.linalg.eigh(unit[in_module].T @ unit[in_module])
    kept = values[::-1] > 1e-12 * values[-1]
    same = gene_of[:, None] == gene_of
    np.fill_diagonal(same, val=False)
    partner = np.where(same.any(axis=1), same.argmax(axis=1), -1)
    out = np.full(len(z), -7.5)
    first = axes[:, ::-1][:, kept]
    stop = len(z) if stop is None else stop
    leave_gene_out(values[::-1][kept].copy(), unit @ first, in_module, partner, start, stop, out)
    return out, first[:, 0]


@pytest.mark.parametrize("n", [5, 12, 40])
@pytest.mark.parametrize("p", [3, 6, 31])
@pytest.mark.parametrize("seed", range(3))
def test_leave_gene_out__equals_a_decomposition_without_the_gene(p, n, seed):
    z, in_module, gene_of = genes_of(p, n, seed)
    found, whole = support(z, in_module, gene_of)
    expected, reference_whole = reference.leave_gene_out(z, in_module, gene_of)
    assert_allclose(found * np.sign(whole @ reference_whole), expected, rtol=0, atol=CLOSE)


def test_leave_gene_out__writes_only_its_features():
    z, in_module, gene_of = genes_of(8, 10, seed=5)
    whole, _ = support(z, in_module, gene_of)
    part, _ = support(z, in_module, gene_of, 2, 5)
    assert_array_equal(part[2:5], whole[2:5])
    assert_array_equal(part[[0, 1, 5, 6, 7]], -7.5)


def test_leave_gene_out__of_a_module_of_one_gene_is_unknown():
    z, _, _ = genes_of(2, 9, seed=6)
    found, _ = support(z, np.ones(2, dtype=bool), np.zeros(2, dtype=int))
    assert np.isnan(found).all()


def test_leave_gene_out__of_two_genes_is_their_correlation():
    z, _, _ = genes_of(2, 9, seed=7)
    found, _ = support(z, np.ones(2, dtype=bool), np.arange(2))
    assert_allclose(np.abs(found), abs(np.corrcoef(z)[0, 1]), rtol=0, atol=CLOSE)


def test_leave_gene_out__sees_the_other_gene_where_two_are_at_right_angles():
    z = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    found, _ = support(z, np.ones(2, dtype=bool), np.arange(2))
    assert_allclose(found, 0.0, rtol=0, atol=CLOSE)
