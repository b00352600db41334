from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from isograph.network.wgcna import labels_to_colors, merge_close_modules


def test_merge_close_modules__merges_what_was_split():
    rng = np.random.default_rng(3)
    latents = rng.normal(size=(2, 40))
    truth = np.repeat([0, 1], 20)
    x = latents[truth] + 0.3 * rng.normal(size=(40, 40))
    split = np.where(np.arange(40) < 7, 3, np.where(truth == 0, 1, 2))
    found = merge_close_modules(x, split, relabel=True)
    assert_array_equal(found.labels, truth + 1)
    assert found.merges in (({"3": "1"},), ({"1": "3"},))
    assert_array_equal(merge_close_modules(x, split, cut_height=0.0).labels, split)
    # NOTE: brown merges into turquoise; the two modules of equal size are then named in alphabetical order, as in R.
    colors = np.array(labels_to_colors(split))
    assert merge_close_modules(x, colors, relabel=True).labels.tolist() == ["blue"] * 20 + ["turquoise"] * 20
