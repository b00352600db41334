from __future__ import annotations

import numpy as np

from isograph.network.shared_factor import (
    module_breadth,
    module_differences,
    noise_edge,
    principal_directions,
    varimax_directions,
)
from isograph.stats import unit_rows


def test_noise_edge__is_that_of_marchenko_and_pastur():
    assert noise_edge(100, 25) == 9.0
    assert noise_edge(25, 100) == 2.25


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
    eigengenes = np.concatenate([modules(modules + factor)])
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
