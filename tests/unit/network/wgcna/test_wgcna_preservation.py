from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from isograph.errors import ConfigError, InputError
from isograph.network.wgcna import module_preservation
from isograph.network.wgcna.preservation import STATISTICS

# NOTE: ratios of small adjacencies enlarge rounding.
EXACT = 1e-8
NAMES = {
    "propVarExplained": "prop_var_explained",
    "meanSignAwareKME": "mean_sign_aware_kme",
    "meanSignAwareCorDat": "mean_sign_aware_cor",
    "meanAdj": "mean_adjacency",
    "meanMAR": "mean_mar",
    "cor.kIM": "cor_kim",
    "cor.kME": "cor_kme",
    "cor.cor": "cor_cor",
    "cor.MAR": "cor_mar",
}
DRAWN = "0.1"


def preservation(given, network, **options):
    return module_preservation(
        given["X_ref"].T.astype(np.float64),
        given["X_test"].T.astype(np.float64),
        given["labels"].astype(np.int64),
        network_type=network,
        **options,
    )


def columns(given, network, table):
    """R's columns by their names, without the random module."""
    drawn = given.text(f"{network}/modules").index(DRAWN)
    values = np.delete(given[f"{network}/{table}"], drawn, axis=0)
    return dict(zip(given.text(f"{network}/{table}_cols"), values.T, strict=True))


@pytest.mark.parametrize("net", ["unsigned", "signed", "signed_hybrid"])
def test_module_preservation__observes_what_r_observes(vectors, net):
    given = vectors("p13_preservation")
    found = preservation(given, net, n_permutations=2)
    assert list(found.modules) == given.text(f"{net}/modules")
    kept = [number for number, module in enumerate(found.modules) if module != DRAWN]
    observed, quality = columns(given, net, "observed"), columns(given, net, "quality")
    assert_array_equal(found.sizes[kept], observed["moduleSize"])
    for theirs, ours in NAMES.items():
        key = theirs if theirs.startswith("cor.") else f"{theirs}.pres"
        assert_allclose(found.observed[ours][kept], observed[key], rtol=0, atol=EXACT)
        if ours in found.quality:
            assert_allclose(found.quality[ours][kept], quality[f"{theirs}.qual"], rtol=0, atol=EXACT)


def test_module_preservation__judges_modules_as_r_does(vectors):
    given = vectors("p13_preservation")
    found = preservation(given, "unsigned", n_permutations=20)
    kept = [number for number, module in enumerate(found.modules) if module != DRAWN]
    z = columns(given, "unsigned", "Z")
    assert_allclose(found.z_summary[kept], z["Zsummary.pres"], rtol=0.3, atol=0.6)
    order = np.argsort(-found.median_rank[kept])
    assert order[-1] == np.argmin(columns(given, "unsigned", "observed")["medianRank.pres"]) == 1


def test_module_preservation__puts_together_what_it_says(vectors):
    found = preservation(vectors("p13_preservation"), "signed", n_permutations=4)
    density = np.median([found.z[name] for name in STATISTICS[:4]], axis=0)
    connectivity = np.median([found.z[name] for name in ("cor_kim", "cor_kme", "cor_cor")], axis=0)
    assert_array_equal(found.z_density, density)
    assert_array_equal(found.z_connectivity, connectivity)
    assert_array_equal(found.z_summary, (density + connectivity) / 2)
    assert np.all(found.log10_p["cor_kim"] <= 0)
    assert np.isnan(found.separability[:2]).all()
    assert np.all(found.separability[2:] > 0)


def test_module_preservation__depends_on_its_seed_and_not_on_threads(vectors):
    given = vectors("p13_preservation")
    one = preservation(given, "unsigned", n_permutations=2)
    assert_array_equal(one.z_summary, preservation(given, "unsigned", n_permutations=2, threads=3).z_summary)
    assert (one.z_summary != preservation(given, "unsigned", n_permutations=2, seed=1).z_summary).any()


def test_module_preservation__refuses_features_that_cannot_be_compared():
    x = np.random.default_rng(0).normal(size=(10, 8))
    constant = x.copy()
    constant[3] = 1.0
    with pytest.raises(InputError) as raised:
        module_preservation(constant, x, np.ones(9, dtype=np.int64))
    assert raised.value.violations == (
        "10 features in the reference, 10 in the test data, 9 labels, expected as many of each.",
        "1 features of the reference are constant or have fewer than 4 values: rows '3'. Leave them out of both.",
    )
    with pytest.raises(ConfigError, match="n_permutations is 1, expected 2 or more"):
        module_preservation(x, x, np.ones(10, dtype=np.int64), n_permutations=1)
