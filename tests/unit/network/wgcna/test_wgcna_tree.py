from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from isograph.errors import InputError
from isograph.network.wgcna import average_linkage
from isograph.network.wgcna.tree import tree_groups


def test_average_linkage__has_rs_rows_and_order():
    d = np.array([[0.0, 1, 4, 6], [1, 0, 6, 8], [4, 6, 0, 3], [6, 8, 3, 0]])
    tree = average_linkage(d)
    assert tree.merge.tolist() == [[-1, -2], [-3, -4], [1, 2]]
    assert tree.height.tolist() == [1, 3, 6]
    assert tree.order.tolist() == [0, 1, 2, 3]
    assert tree_groups(tree, 3.0).tolist() == [0, 0, 1, 1]
    assert tree_groups(tree, 2.9).tolist() == [0, 0, 1, 2]
    assert_array_equal(average_linkage(d[np.triu_indices(4, 1)]).merge, tree.merge)
    with pytest.raises(InputError, match="1 values are not finite, expected none"):
        average_linkage(np.array([0.1, np.nan, 0.2]))
