from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.explanation.feature import Features, associations


def test_features__of_genes_keep_their_order():
    rows = pl.DataFrame({"feature_id": ["a", "b", "c"], "gene_id": ["g2", "g1", "g2"]})
    features = Features(rows, np.arange(6.0).reshape(3, 2))
    of_gene = features.of_genes(pl.Series(["g2"]))
    assert of_gene.rows.get_column("feature_id").to_list() == ["a", "c"]
    assert of_gene.values.tolist() == [[0.0, 1.0], [4.0, 5.0]]


@pytest.mark.parametrize("threads", [2, 3])
def test_associations__are_the_same_bytes_at_any_thread_count(threads):
    rng = np.random.default_rng(0)
    values = Features(pl.DataFrame(), rng.normal(size=(1500, 10)))
    targets = rng.normal(size=(3, 10))
    one = associations(values, targets, lost_dof=0, threads=1)
    many = associations(values, targets, lost_dof=0, threads=threads)
    assert many.r.tobytes() == one.r.tobytes()
    assert many.n_complete.tobytes() == one.n_complete.tobytes()
