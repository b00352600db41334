from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import scipy.stats
from polars.testing import assert_frame_equal

from isograph.features.channel import Channels
from isograph.network.modules import Modules, gene_modules
from isograph.network.roles import gene_roles
from isograph.schemas import MODULE_GENE_ROLES
from isograph.stats import benjamini_hochberg, correlation_pvalue

EXACT = 1e-12
CORE = ("y1", "y2", "y3")


def core_modules(channels: Channels, channel: str) -> Modules:
    """One module that holds every gene, its eigengenes made of the core's features of the named channel(s).

    The core follows the first wave, and its genes sort last.
    """
    made_of = [name.startswith(CORE) and channel in name for name in channels.feature_ids]
    return Modules(
        module_ids=["M000"],
        module_of=np.zeros(len(channels.gene_ids), dtype=np.int64),
        best_feature=np.zeros(len(channels.gene_ids), dtype=np.int64),
        feature_module=np.where(made_of, 0, -1),
        eigengenes=channels.z[-1:] / np.linalg.norm(channels.z[-1]),
        explained=np.ones(1),
        kme=np.empty(len(channels.feature_ids)),
    )


def roles(make_channels, waves, genes: dict[str, tuple], channel: str = "::") -> pl.DataFrame:
    """The rows of ``genes``: (switch, abundance) as weights on the waves, None where there is no feature."""
    features = {f"{gene}::{kind}": waves[0] for gene in CORE for kind in ("switch", "abundance")}
    for gene, (switch, abundance) in genes.items():
        features |= {f"{gene}::switch": switch @ waves} if switch is not None else {}
        features |= {f"{gene}::abundance": abundance @ waves} if abundance is not None else {}
    channels = make_channels(features)
    table = gene_roles(channels, core_modules(channels, channel), threads=1)
    assert MODULE_GENE_ROLES.checked(table) is table
    return table.filter(~pl.col("gene_id").is_in(CORE))


def weights(*values: float) -> np.ndarray:
    """Weights on the four waves; the last is such that the sum of squares is 1."""
    return np.array([*values, np.sqrt(1.0 - sum(value * value for value in values))])


def pvalue(r: float | None) -> float | None:
    """Two-sided p of Pearson's r at the 14 degrees of freedom of 16 samples."""
    return None if r is None else 2.0 * scipy.stats.t.sf(abs(r) * np.sqrt(14.0 / (1.0 - r * r)), 14)


@pytest.mark.parametrize(
    ("switch", "abundance", "role", "active", "supported"),
    [
        (weights(0.8, 0.6, 0.0), weights(0.9, 0.1, 0.0), "coupled", (True, True), "coupled"),
        (weights(-0.8, 0.6, 0.0), weights(-0.9, 0.1, 0.0), "coupled", (True, True), "coupled"),
        (weights(0.8, 0.6, 0.0), weights(-0.6, 0.0, 0.8), "discordant", (True, True), "discordant"),
        (weights(0.8, 0.6, 0.0), weights(0.4, -0.66, 0.0), "discordant", (True, True), "switch_only"),
        (weights(0.3, 0.9, 0.0), weights(0.1, 0.0, 0.0), "switch_only", (True, False), "inactive"),
        (weights(0.1, 0.0, 0.0), weights(-0.6, 0.7, 0.0), "abundance_only", (False, True), "abundance_only"),
        (weights(0.19, 0.9, 0.0), weights(-0.19, 0.9, 0.0), "inactive", (False, False), "inactive"),
        (weights(0.3, 0.9, 0.0), None, "switch_only", (True, False), "inactive"),
        (None, weights(0.6, 0.7, 0.0), "abundance_only", (False, True), "abundance_only"),
        (weights(0.1, 0.9, 0.0), None, "inactive", (False, False), "inactive"),
    ],
    ids=[
        "coupled",
        "coupled against the module",
        "discordant by sign",
        "discordant by no correlation",
        "switch only",
        "abundance only",
        "inactive",
        "switch, no abundance",
        "abundance, no switch",
        "inactive, no abundance",
    ],
)
def test_gene_roles__follow_from_three_correlations(make_channels, waves, switch, abundance, role, active, supported):
    found = roles(make_channels, waves, {"gene": (switch, abundance)})
    both = None if switch is None or abundance is None else switch @ abundance
    expected = pl.DataFrame(
        {
            "module_id": ["M000"],
            "gene_id": ["gene"],
            "module_role": [role],
            "switch_r": [None if switch is None else switch[0]],
            "abundance_r": [None if abundance is None else abundance[0]],
            "switch_abundance_r": [both],
            "switch_active": [active[0]],
            "abundance_active": [active[1]],
            "supported_role": [supported],
            "switch_support_r": [None if switch is None else switch[0]],
            "abundance_support_r": [None if abundance is None else abundance[0]],
            # The core's genes follow the module exactly: the gene's p is the largest, and so its q.
            "switch_qvalue": [pvalue(None if switch is None else switch[0])],
            "abundance_qvalue": [pvalue(None if abundance is None else abundance[0])],
            "switch_abundance_pvalue": [pvalue(both)],
            "delta_usage": [None],
        },
        schema=MODULE_GENE_ROLES.schema,
    )
    assert_frame_equal(found, expected, abs_tol=EXACT)


@pytest.mark.parametrize(("r", "active"), [(0.2 + 1e-9, True), (0.2 - 1e-9, False), (-0.2 - 1e-9, True)])
def test_gene_roles__need_a_correlation_of_a_fifth(make_channels, waves, r, active):
    found = roles(make_channels, waves, {"gene": (weights(r, 0.0, 0.0), None)})
    assert found.get_column("switch_active").to_list() == [active]


def test_gene_roles__leave_out_a_channel_that_the_module_lacks(make_channels, waves):
    gene = (weights(0.8, 0.6, 0.0), weights(0.9, 0.1, 0.0))
    found = roles(make_channels, waves, {"gene": gene}, channel="::abundance")
    row = found.row(0, named=True)
    assert row["module_role"] == "abundance_only"
    assert row["switch_r"] is None
    assert row["switch_active"] is False
    assert row["abundance_r"] == pytest.approx(0.9, abs=EXACT)
    assert row["switch_abundance_r"] == pytest.approx(0.78, abs=EXACT)


def test_gene_roles__are_ordered_by_module_and_gene(make_channels, waves):
    channels = make_channels({f"{gene}::abundance": waves[0] for gene in "dbcae"})
    modules = Modules(
        module_ids=["M000", "M001"],
        module_of=np.array([1, 0, 0, -1, 1]),
        best_feature=np.arange(5),
        feature_module=np.array([1, 0, 0, -1, 1]),
        eigengenes=np.stack([waves[0], waves[0]]),
        explained=np.ones(2),
        kme=np.ones(5),
    )
    found = gene_roles(channels, modules, threads=1)
    assert found.select("module_id", "gene_id").rows() == [("M000", "b"), ("M000", "c"), ("M001", "a"), ("M001", "e")]


def test_gene_roles__few_features_of_a_channel_are_compared_with_the_whole_module(make_channels):
    rng = np.random.default_rng(7)
    latent = rng.normal(size=90)
    features = {f"a{i}::abundance": latent + 0.5 * rng.normal(size=90) for i in range(6)}
    features |= {"a0::switch": latent + 1.5 * rng.normal(size=90), "a1::switch": rng.normal(size=90)}
    channels = make_channels(features)
    member = np.array([name != "a1::switch" for name in channels.feature_ids])
    modules = gene_modules(channels, np.where(member, 0, -1), min_module_size=3, min_kme=0.0, threads=1)
    found = gene_roles(channels, modules, threads=1).rows_by_key("gene_id", named=True, unique=True)
    expected = modules.kme[channels.feature_ids.index("a0::switch")]
    assert 0.2 < expected < 0.9
    assert found["a0"]["switch_r"] == expected
    assert found["a1"]["switch_r"] is None


def leading_axis(z: np.ndarray) -> np.ndarray:
    return np.linalg.svd(z / np.linalg.norm(z, axis=1, keepdims=True))[2][0]


def noisy_module(make_channels, seed: int, n_genes: int = 30, n_samples: int = 14):
    """One module of genes whose channels follow a signal, some closely and some not at all."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n_samples)
    features = {}
    for i in range(n_genes):
        noise = rng.normal(size=(2, n_samples))
        features[f"g{i:02d}::abundance"] = rng.uniform(0, 2) * signal + noise[0]
        if i % 2:
            features[f"g{i:02d}::switch"] = rng.uniform(0, 2) * signal + noise[1] + 0.5 * noise[0]
    channels = make_channels(features)
    rng.shuffle(signal)
    return channels, gene_modules(
        channels, np.zeros(len(features), dtype=np.int64), min_module_size=3, min_kme=0.3, threads=1
    )


@pytest.mark.parametrize("seed", range(5))
def test_gene_roles__support_is_r_with_the_eigengene_of_the_other_genes(make_channels, seed):
    channels, modules = noisy_module(make_channels, seed)
    found = gene_roles(channels, modules, threads=1).rows_by_key("gene_id", named=True, unique=True)
    gene_of = np.array(channels.gene_ids)[channels.gene_of]
    errors = []
    for feature, (gene, name) in enumerate(zip(gene_of, channels.feature_types, strict=True)):
        if gene in found:
            others = leading_axis(channels.z[(modules.feature_module == 0) & (gene_of != gene)])
            errors.append(abs(found[gene][f"{name}_support_r"]) - abs(np.corrcoef(channels.z[feature], others)[0, 1]))
    assert len(errors) > 30
    np.testing.assert_allclose(errors, 0.0, atol=1e-9)


def test_gene_roles__a_gene_does_not_support_itself(make_channels):
    """A module of two genes: each is compared with the other alone."""
    rng = np.random.default_rng(8)
    channels = make_channels({f"{gene}::abundance": rng.normal(size=12) for gene in "ab"})
    modules = gene_modules(channels, np.zeros(2, dtype=np.int64), min_module_size=2, min_kme=0.0, threads=1)
    found = gene_roles(channels, modules, threads=1)
    r = np.corrcoef(channels.z)[0, 1]
    np.testing.assert_allclose(found.get_column("abundance_support_r").abs(), abs(r), atol=EXACT)
    assert found.get_column("abundance_r").abs().min() > 0.6


def test_gene_roles__correct_for_the_number_of_genes_in_modules(make_channels):
    channels, modules = noisy_module(make_channels, 9)
    found = gene_roles(channels, modules, threads=1)
    for name in ("switch", "abundance"):
        r = found.get_column(f"{name}_support_r").fill_null(np.nan).to_numpy()
        p = correlation_pvalue(r, channels.residual_dof)
        q = found.get_column(f"{name}_qvalue").fill_null(np.nan)
        np.testing.assert_array_equal(q.to_numpy(), benjamini_hochberg(p))
        assert 0 < (q <= 0.05).sum() < (~q.is_nan()).sum()


def test_gene_roles__of_noise_have_no_support(make_channels):
    """Genes that were put into one module for nothing: the rule of |r| ≥ 0.2 finds roles, the evidence does not."""
    rng = np.random.default_rng(10)
    channels = make_channels(
        {f"g{i:03d}::{kind}": rng.normal(size=20) for i in range(200) for kind in ("abundance", "switch")}
    )
    modules = gene_modules(channels, np.zeros(400, dtype=np.int64), min_module_size=3, min_kme=0.0, threads=1)
    found = gene_roles(channels, modules, threads=1)
    assert found.height == 200
    assert (found.get_column("module_role") != "inactive").mean() > 0.5
    assert (found.get_column("supported_role") != "inactive").sum() <= 2
