from __future__ import annotations

import numpy as np
import pytest

from isograph.config import FactorConfig
from isograph.network.communities import Division, best_partition, lasting_modules, similar_pairs
from isograph.runtime.progress import Steps

CONFIG = FactorConfig()


@pytest.fixture
def planted(make_channels):
    """Two signals with 12 and 8 features, 60 features of noise, 50 samples."""
    rng = np.random.default_rng(4)
    signals = rng.normal(size=(2, 50))
    features = {f"a{i:02d}::abundance": 3.0 * signals[0] + rng.normal(size=50) for i in range(12)}
    features |= {f"b{i:02d}::abundance": 3.0 * signals[1] + rng.normal(size=50) for i in range(8)}
    features |= {f"n{i:02d}::abundance": rng.normal(size=50) for i in range(60)}
    return make_channels(features)


def test_best_partition__is_chosen_by_the_evidence_for_one_factor_per_module(planted):
    similar = similar_pairs(planted, CONFIG, threads=1, steps=Steps())
    found = best_partition(planted, similar, CONFIG, CONFIG.search_cuts, seed=0, threads=1)
    n = planted.z.shape[1]
    surprise = 0.0
    for module in (0, 1):
        rows = planted.z[found.community_of == module]
        eigengene = np.linalg.svd(rows, full_matrices=False)[2][0]
        r = rows @ eigengene / np.linalg.norm(rows, axis=1)
        surprise += n * np.log(1.0 - r**2).sum()
    assert found.n_modules == 2
    assert found.bic == pytest.approx(surprise + 2 * n * np.log(len(similar.paired)), abs=1e-5)


def test_best_partition__is_the_best_of_its_cuts(planted):
    similar = similar_pairs(planted, CONFIG, threads=1, steps=Steps())
    alone = [best_partition(planted, similar, CONFIG, (cut,), seed=0, threads=1) for cut in (0.2, 0.5, 0.999)]
    assert len({found.bic for found in alone}) > 1
    best = best_partition(planted, similar, CONFIG, (0.2, 0.5, 0.999), seed=0, threads=2)
    assert best.bic == min(found.bic for found in alone)


def test_lasting_modules__are_those_that_lower_the_criterion(make_channels):
    rng = np.random.default_rng(7)
    signal, weak = rng.normal(size=(2, 60))
    features = {f"a{i}::abundance": 2.0 * signal + rng.normal(size=60) for i in range(8)}
    features |= {f"w{i}::abundance": 0.7 * weak + rng.normal(size=60) for i in range(3)}
    features |= {f"z{i}::abundance": 3.0 * rng.normal(size=60) for i in range(2)}
    channels = make_channels(features)
    community_of = np.array([{"w": 0, "z": 1, "a": 2}[gene[0]] for gene in channels.gene_ids])
    found = Division(0.2, np.empty(0, dtype=np.bool_), community_of, 3, 0.5)
    lasting = lasting_modules(channels, found, 40, threads=1)
    assert lasting.n_modules == 1
    assert lasting.community_of.tolist() == [0 if gene.startswith("a") else -1 for gene in channels.gene_ids]


def test_lasting_modules__of_no_modules_are_none(planted):
    found = Division(0.2, np.empty(0, dtype=np.bool_), np.full(80, -1), 0, 0.0)
    assert lasting_modules(planted, found, 0, threads=1) is found


def test_similar_pairs__compares_profiles_of_soft_thresholded_correlations(planted):
    plain = similar_pairs(planted, FactorConfig(power=1.0), threads=1, steps=Steps())
    found = similar_pairs(planted, CONFIG, threads=1, steps=Steps())
    np.testing.assert_array_equal(found.pairs.r, plain.pairs.r)
    p = planted.z.shape[0]
    strength = np.zeros((p, p))
    strength[plain.pairs.source, plain.pairs.target] = np.abs(plain.pairs.r) ** 4
    strength += strength.T
    strength[np.arange(p), np.arange(p)] = strength.max(axis=1)
    norm = np.linalg.norm(strength, axis=1)
    products = (strength @ strength.T)[plain.pairs.source, plain.pairs.target]
    np.testing.assert_allclose(
        found.similarity, products / (norm[plain.pairs.source] * norm[plain.pairs.target]), rtol=1e-12
    )
