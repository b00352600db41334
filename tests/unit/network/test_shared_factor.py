from __future__ import annotations

import numpy as np
import pytest

from isograph.network.shared_factor import (
    fit_bifactor,
    module_breadth,
    module_differences,
    principal_directions,
    refined_factor,
    unit_norm,
    varimax_directions,
)
from isograph.stats import unit_rows


def test_principal_directions__are_those_above_the_noise(waves):
    unit = np.repeat(waves[:2], [6, 4], axis=0)
    directions, values = principal_directions(unit, dof=14)
    assert values[:3].round(12).tolist() == [6.0, 4.0, 0.0]
    assert directions.shape == (2, 16)
    assert np.abs(directions @ waves[:2].T).round(12).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_principal_directions__of_noise_are_one(waves):
    directions, _ = principal_directions(waves, dof=14)
    assert directions.shape == (1, 16)


def test_varimax_directions__undo_a_rotation(waves):
    unit = np.repeat(waves[:3], [6, 4, 3], axis=0)
    mixed = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0] @ waves[:3]
    found = varimax_directions(unit, mixed)
    assert np.abs(found @ waves[:3].T).round(3).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def test_module_differences__find_what_splits_every_module():
    rng = np.random.default_rng(1)
    basis = unit_rows(np.linalg.qr(rng.normal(size=(40, 5)))[0].T)
    factor, modules = basis[0], basis[1:]
    eigengenes = np.concatenate([modules, unit_rows(modules + factor)])
    found = module_differences(eigengenes, 0.4)
    assert np.abs(found @ factor).max() > 0.97


def test_module_differences__need_three_pairs_that_agree(waves):
    pair = np.array([waves[0], (waves[0] + waves[1]) / np.sqrt(2)])
    assert module_differences(pair, 0.4).shape == (0, 16)
    assert module_differences(waves, 0.4).shape == (0, 16)


def test_module_breadth__counts_modules_by_genes_with_any_loading_feature():
    gene_of = np.array([0, 0, 1, 2, 3, 4, 4, 5])
    community_of = np.array([0, -1, 0, 0, 1, 1, 1, -1])
    loads = np.array([0, 1, 1, 0, 1, 0, 0, 1], dtype=bool)
    assert module_breadth(loads, community_of, gene_of, 0.5) == 1
    loads[6] = True
    assert module_breadth(loads, community_of, gene_of, 0.5) == 2
    assert module_breadth(loads, community_of, gene_of, 1.0) == 1


def test_fit_bifactor__recovers_both_loadings_of_correlated_factors(waves):
    factor = unit_norm(0.6 * waves[0] + 0.8 * waves[1])
    eigengenes = waves[:1]
    unit = unit_rows(np.array([0.5 * waves[0] + 0.5 * factor, waves[0], factor, waves[2]]))
    fit = fit_bifactor(unit, factor, np.array([True, False, True, False]), eigengenes, np.array([0, 0, -1, -1]))
    norm = np.linalg.norm(0.5 * waves[0] + 0.5 * factor)
    assert fit.shared == pytest.approx([0.5 / norm, 0.0, 1.0, 0.0])
    assert fit.own == pytest.approx([0.5 / norm, 1.0, 0.0, 0.0])
    assert fit.residual == pytest.approx([1e-12, 1e-12, 1e-12, 1.0], abs=1e-9)


def test_fit_bifactor__is_the_least_squares_fit():
    rng = np.random.default_rng(2)
    centred = rng.normal(size=(9, 30))
    unit = unit_rows(centred - centred.mean(axis=1, keepdims=True))
    factor, eigengenes = unit[0], unit[1:3]
    community_of = np.array([-1, 0, 1, 0, 1, 0, -1, -1, 1])
    loads = np.array([1, 0, 0, 1, 1, 0, 1, 0, 1], dtype=bool)
    fit = fit_bifactor(unit, factor, loads, eigengenes, community_of)
    for row in range(3, 9):
        terms = ([factor] if loads[row] else []) + ([eigengenes[community_of[row]]] if community_of[row] >= 0 else [])
        design = np.array(terms).reshape(len(terms), 30)
        weights, *_ = np.linalg.lstsq(design.T, unit[row], rcond=None) if terms else (np.empty(0),)
        assert fit.residual[row] == pytest.approx(((unit[row] - weights @ design) ** 2).sum())


def test_refined_factor__leaves_out_what_modules_explain(waves):
    rough = unit_norm(waves[1] + 0.5 * waves[0])
    unit = unit_rows(np.array([waves[0] + waves[1], waves[0] - waves[1], waves[1]]))
    community_of = np.array([0, 0, -1])
    loads = np.ones(3, dtype=bool)
    kept = waves[:1][community_of]
    factor = rough
    for _ in range(20):
        fit = fit_bifactor(unit, factor, loads, waves[:1], community_of)
        factor = refined_factor(unit, fit, factor, loads, kept)
    assert abs(float(factor @ waves[1])) == pytest.approx(1.0, abs=1e-6)
