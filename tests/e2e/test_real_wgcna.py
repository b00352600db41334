from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from isograph.network.wgcna import WgcnaConfig, blockwise_modules

pytestmark = pytest.mark.real

# NOTE: what the published modules were made with; the defaults of R have changed since.
PUBLISHED = WgcnaConfig(
    power=6,
    tom_type="unsigned",
    min_module_size=30,
    merge_cut_height=0.25,
    reassign_threshold=0,
    pam_respects_dendro=False,
)


def test_real_wgcna__gives_the_published_modules_of_mouse_liver(real_data):
    folder = real_data / "mouse_liver_wgcna"
    published = pl.read_parquet(folder / "female_wgcna_modules.parquet")
    eigengenes = pl.read_parquet(folder / "female_wgcna_eigengenes.parquet")
    values = pl.read_parquet(folder / "counts.parquet").select(eigengenes.get_column("sample_id").to_list())
    found = blockwise_modules(values.to_numpy().astype(np.float64), PUBLISHED)
    assert_array_equal(found.labels, published.get_column("label"))
    assert found.colors.tolist() == published.get_column("color").to_list()
    names = [f"ME{label}" for label in found.eigengene_labels]
    assert names == eigengenes.columns[1:]
    assert_allclose(found.eigengenes.T, eigengenes.select(names).to_numpy(), rtol=0, atol=1e-12)
