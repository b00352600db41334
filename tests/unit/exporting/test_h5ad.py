from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from isograph.errors import InputError
from isograph.exporting.h5ad import h5ad
from isograph.exporting.membership import fit_scores


@pytest.fixture
def samples() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "sample_id": ["S4", "S3", "S2", "S1"],
            "age": [4, None, 2, 1],
            "weight": [1.5, None, 2.5, 3.5],
            "sex": ["m", None, "f", "m"],
            "treated": [True, False, None, True],
            "drawn": [dt.date(2020, 1, day) for day in (4, 3, 2, 1)],
            "a/b =1": ["x", "y", "x", "y"],
        }
    )


@pytest.fixture
def written(feature_scores, eigengenes, samples, modules, roles) -> bytes:
    return h5ad(fit_scores(feature_scores, eigengenes), samples, modules, roles, {"seed": 3})


def read(data: bytes, tmp_path):
    import anndata

    (tmp_path / "fit.h5ad").write_bytes(data)
    return anndata.read_h5ad(tmp_path / "fit.h5ad")


def test_h5ad__holds_both_channels_by_sample_and_gene(written, tmp_path):
    content = read(written, tmp_path)
    assert (list(content.obs_names), list(content.var_names)) == (["S1", "S2", "S3", "S4"], list("abcdef"))
    assert np.array_equal(content.X[:, 0], [1.0, 0.0, 0.0, -1.0])
    assert np.array_equal(content.layers["switch"][:, 0], [0.5, 0.5, -0.5, -0.5])
    assert np.isnan(content.X[:, 5]).all()
    assert np.isnan(content.layers["switch"][:, 1]).all()


def test_h5ad__holds_modules_and_eigengenes(written, tmp_path):
    content = read(written, tmp_path)
    assert content.var["module_id"].tolist() == ["M000", "M000", "M000", "M001", "M001", ""]
    assert content.var["kME"].tolist()[:5] == [1.0, -0.9, 0.5, 1.0, 0.8]
    assert content.var["supported_role"].tolist()[:2] == ["switch_only", "coupled"]
    assert content.var["role"].tolist()[:2] == ["coupled", "coupled"]
    assert content.obsm["X_eigengenes"].tolist() == [[0.5, 0.5], [0.5, -0.5], [-0.5, 0.5], [-0.5, -0.5]]
    assert content.uns["isograph"]["module_ids"].tolist() == ["M000", "M001"]
    assert content.uns["isograph"]["fit_config"] == '{"seed":3}'


def test_h5ad__holds_the_sample_table_in_the_order_of_the_matrix(written, tmp_path):
    samples = read(written, tmp_path).obs
    assert samples["weight"].tolist()[:2] == [3.5, 2.5]
    assert np.isnan(samples["age"].tolist()[2])
    assert samples["sex"].tolist() == ["m", "f", "", "m"]
    assert samples["drawn"].tolist() == ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"]
    assert samples["treated"].tolist() == ["true", "", "false", "true"]
    assert "a_b =1" in samples.columns


def test_h5ad__has_the_same_bytes_each_time(written, feature_scores, eigengenes, samples, modules, roles):
    again = h5ad(fit_scores(feature_scores, eigengenes), samples, modules, roles, {"seed": 3})
    assert again == written


def test_h5ad__of_a_fit_without_modules(feature_scores, eigengenes, samples, modules, roles, tmp_path):
    scores = fit_scores(feature_scores, eigengenes.clear())
    content = read(h5ad(scores, samples, modules.clear(), roles.clear(), {}), tmp_path)
    assert content.obsm["X_eigengenes"].shape == (4, 0)
    assert content.n_vars == 6


@pytest.mark.parametrize("names", [["a/b", "a_b"], ["_index", "x"]])
def test_h5ad__refuses_columns_it_cannot_name(feature_scores, eigengenes, modules, roles, names):
    samples = pl.DataFrame({"sample_id": ["S1"], **{name: [1] for name in names}})
    with pytest.raises(InputError, match="columns that AnnData cannot hold under their name"):
        h5ad(fit_scores(feature_scores, eigengenes), samples, modules, roles, {})
