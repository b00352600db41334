from __future__ import annotations

import numpy as np
import pytest

from isograph.network.vae.rowspace import largest_noise_variance, marchenko_pastur_median, row_space


def scaled(rows: np.ndarray) -> np.ndarray:
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / rows.std(axis=1, ddof=1, keepdims=True)


def test_row_space__of_all_directions_holds_the_features_exactly():
    z = scaled(np.random.default_rng(0).normal(size=(30, 12)))
    space = row_space(z, residual_dof=10, directions=11)
    assert space.scores.shape == (12, 11)
    np.testing.assert_allclose(space.scale * space.basis @ space.scores.T, z, atol=1e-5)
    np.testing.assert_allclose(space.basis.T @ space.basis, np.eye(11), atol=1e-6)


def test_row_space__has_its_directions_in_order_of_variance():
    z = scaled(np.random.default_rng(1).normal(size=(20, 9)))
    space = row_space(z, residual_dof=7, directions=8)
    assert space.variances[0] == 1.0
    np.testing.assert_allclose(space.scores.var(axis=0), space.variances, atol=1e-12)
    assert (np.diff(space.variances) < 0).all()
    np.testing.assert_allclose(space.scale**2 * space.variances.sum(), np.square(z).sum() / 9, rtol=1e-12)


def test_row_space__counts_the_signals_above_the_noise():
    rng = np.random.default_rng(2)
    signals = np.repeat(rng.normal(size=(3, 80)), 30, axis=0)
    z = scaled(np.concatenate([0.9 * signals + rng.normal(size=(90, 80)), rng.normal(size=(1910, 80))]))
    space = row_space(z, residual_dof=78)
    assert space.n_signals == 3
    assert space.scores.shape == (80, 3)


@pytest.mark.parametrize(("p", "n"), [(2000, 20), (300, 100), (40, 200)])
def test_row_space__of_noise_has_its_largest_variance_at_the_edge_and_keeps_two_directions(p, n):
    z = scaled(np.random.default_rng(3).normal(size=(p, n)))
    space = row_space(z, residual_dof=n - 2)
    assert space.noise_variance == pytest.approx(1.0, rel=0.1)
    assert space.n_signals <= 1
    assert space.scores.shape == (n, 2)


def test_row_space__of_data_without_noise_assumes_some():
    angle = 2 * np.pi * np.arange(16) / 16
    z = scaled(np.stack([np.cos(angle), np.sin(angle)]).repeat(5, axis=0))
    space = row_space(z, residual_dof=14)
    assert len(space.variances) == 2
    assert space.noise_variance == 1e-3


def test_row_space__of_zeros_has_no_direction():
    space = row_space(np.zeros((4, 6)), residual_dof=4)
    assert space.scores.shape == (6, 0)
    assert space.basis.shape == (4, 0)
    assert len(space.variances) == 0


def test_row_space__turns_with_a_features_sign_only_there():
    z = scaled(np.random.default_rng(5).normal(size=(25, 10)))
    turned = z.copy()
    turned[3] *= -1
    one, other = (row_space(rows, residual_dof=8, directions=5) for rows in (z, turned))
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-10)
    np.testing.assert_allclose(one.basis[3], -other.basis[3], atol=1e-6)


@pytest.mark.parametrize("ratio", [0.2, 1.0, 4.0, 50.0])
def test_marchenko_pastur_median__is_what_noise_has(ratio):
    n = 300
    x = np.random.default_rng(6).normal(size=(n, round(ratio * n)))
    shorter = x @ x.T if ratio >= 1 else x.T @ x
    assert marchenko_pastur_median(ratio) == pytest.approx(np.median(np.linalg.eigvalsh(shorter) / n), rel=0.03)


def test_largest_noise_variance__is_the_square_of_one_plus_the_root_of_the_ratio():
    # Of variances that are all the law's median, σ² is 1.
    variances = np.full(100, marchenko_pastur_median(9.0))
    assert largest_noise_variance(variances, 900, 100) == pytest.approx(16.0)
    assert largest_noise_variance(4.0 * variances, 900, 100) == pytest.approx(64.0)
