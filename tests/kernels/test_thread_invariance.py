from __future__ import annotations

import numpy as np
import pytest

from isograph.features import switch
from isograph.features.assays import Grouping
from isograph.features.covariate import Design
from isograph.network import modules as network_modules
from isograph.network import pairs

# NOTE: chunks and tiles so small that every worker has many of them.
FEW_ROWS = 3
SMALL_TILE = 8


@pytest.fixture(autouse=True)
def many_chunks(monkeypatch):
    monkeypatch.setattr(switch, "GENES_PER_CHUNK", FEW_ROWS)
    monkeypatch.setattr(network_modules, "ROWS_PER_CHUNK", FEW_ROWS)
    monkeypatch.setattr(pairs, "ROWS_PER_CHUNK", FEW_ROWS)
    monkeypatch.setattr(pairs, "PAIRS_PER_CHUNK", FEW_ROWS)
    monkeypatch.setattr(pairs, "TILE", SMALL_TILE)


def modules(p, n, seed):
    """Z-scored rows around three latents, so that some pairs stand out."""
    rng = np.random.default_rng(seed)
    latents = rng.normal(size=(3, n))
    z = rng.normal(size=(p, n)) + 3 * latents[np.arange(p) % 3]
    z -= z.mean(axis=1, keepdims=True)
    return z / z.std(axis=1, ddof=1, keepdims=True)


def in_bytes(*arrays):
    return [np.asarray(array).tobytes() for array in arrays]


@pytest.mark.parametrize("threads", [2, 3])
def test_switch_scores__are_the_same_bytes_at_any_thread_count(threads):
    rng = np.random.default_rng(1)
    sizes = rng.integers(2, 6, size=40)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    counts = rng.poisson(20, size=(offsets[-1], 12)).astype(np.float64)
    rows = rng.permutation(offsets[-1])
    genes = Grouping([f"G{gene}" for gene in range(40)], rows, offsets, [f"T{row}" for row in rows])
    design = Design(basis=np.full((1, 12), 12**-0.5), columns=())

    def found(n_threads):
        scored = switch.usage_scores(counts, genes, design, threads=n_threads)
        clr = switch.clr_scores(counts, genes, design, threads=n_threads)
        return in_bytes(
            *(scored.scores, scored.loadings, scored.varies, scored.noise.dispersion, scored.noise.pvalue),
            *(scored.usage.delta_usage, scored.usage.minor_usage, clr.scores, clr.loadings, clr.varies),
        )

    assert found(threads) == found(1)


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("p", [2, SMALL_TILE - 1, SMALL_TILE, SMALL_TILE + 1, 61])
def test_strong_pairs__are_the_same_bytes_at_any_thread_count(p, threads):
    z, gene_of = modules(p, 20, seed=p), np.arange(p) // 2

    def found(n_threads):
        strong = pairs.strong_pairs(z, gene_of, neighbours=4, fdr=0.01, residual_dof=18, threads=n_threads)
        return in_bytes(strong.source, strong.target, strong.r, strong.cut, strong.n_above, strong.expected_above)

    assert found(threads) == found(1)
    assert (found(1)[0] != b"") == (p > 2)


@pytest.mark.parametrize("threads", [2, 3])
def test_second_order_similarities__are_the_same_bytes_at_any_thread_count(threads):
    rng = np.random.default_rng(3)
    source, target = np.triu_indices(30, 1)
    kept = rng.random(len(source)) < 0.3
    source, target, strength = source[kept], target[kept], rng.uniform(0.1, 1, size=kept.sum())

    def found(n_threads):
        return in_bytes(pairs.second_order_similarities(source, target, strength, 30, threads=n_threads))

    assert found(threads) == found(1)


@pytest.mark.parametrize("threads", [2, 3])
def test_community_eigengenes__are_the_same_bytes_at_any_thread_count(threads):
    z = modules(50, 15, seed=4)
    community_of = np.where(np.arange(50) % 5 == 4, -1, np.arange(50) % 8)

    def found(n_threads):
        result = network_modules.community_eigengenes(z, community_of, 8, threads=n_threads)
        return in_bytes(result.eigengenes, result.explained, result.kme)

    assert found(threads) == found(1)
