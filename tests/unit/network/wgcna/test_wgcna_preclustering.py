from __future__ import annotations

import numpy as np
import pytest

from isograph.errors import InputError
from isograph.network.wgcna import feature_blocks


def features(seed):
    """Four groups of features and background."""
    rng = np.random.default_rng(seed)
    latents = np.vstack([np.zeros(30), rng.normal(size=(4, 30))])
    return rng.normal(size=(120, 30)) + 2 * latents[np.repeat(np.arange(5), 24)]


def blocks(x, *, seed=1, threads=1):
    return feature_blocks(x, max_block_size=40, n_centers=7, penalty_power=5.0, seed=seed, threads=threads)


def test_feature_blocks__draw_what_the_seed_says():
    x = features(8)
    assert blocks(x).tolist() == blocks(x, threads=3).tolist()
    assert blocks(x).tolist() != blocks(x, seed=2).tolist()


def test_feature_blocks__hold_what_belongs_together():
    number = blocks(features(8))
    for group in range(1, 5):
        assert len(set(number[24 * group : 24 * (group + 1)])) == 1
    sizes = np.bincount(number)[1:]
    assert sizes.max() <= 40
    assert sizes.tolist() == sorted(sizes, reverse=True)


def test_feature_blocks__do_not_see_sign_and_scale():
    x = features(9)
    change = np.where(np.arange(120) % 3 == 0, -5.0, 2.0)[:, None]
    assert blocks(x * change).tolist() == blocks(x).tolist()


def test_feature_blocks__are_refused_where_missing_values_cannot_be_imputed():
    x = features(8)
    x[:110, 2] = np.nan
    with pytest.raises(InputError) as raised:
        blocks(x)
    assert str(raised.value) == (
        "blocks: missing values cannot be imputed: imputation: 1 samples lack more than 80% of the features' values."
    )
