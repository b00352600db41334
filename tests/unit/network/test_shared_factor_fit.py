from __future__ import annotations

import numpy as np
import pytest

from isograph.network.shared_factor import fit_bifactor, refined_factor, unit_norm
from isograph.stats import unit_rows


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
