from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.features.channel import Channels
from isograph.network.modules import Modules, gene_modules, gene_roles
from isograph.schemas import MODULE_GENE_ROLES

EXACT = 1e-12
CORE = ("y1", "y2", "y3")


def core_modules(channels: Channels, channel: str) -> Modules:
    """One module that holds every gene, its eigengenes made of the core's features of the named channel(s)."""
    made_of = [name.startswith(CORE) and channel in name for name in channels.feature_ids]
    return Modules(
        module_ids=["M000"],
        module_of=np.zeros(len(channels.gene_ids), dtype=np.int64),
        best_feature=np.zeros(len(channels.gene_ids), dtype=np.int64),
        feature_module=np.where(made_of, 0, -1),
        eigengenes=np.empty((1, channels.z.shape[1])),
        explained=np.empty(1),
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


@pytest.mark.parametrize(
    ("switch", "abundance", "role", "active"),
    [
        (weights(0.8, 0.6, 0.0), weights(0.9, 0.1, 0.0), "coupled", (True, True)),
        (weights(-0.8, 0.6, 0.0), weights(-0.9, 0.1, 0.0), "coupled", (True, True)),
        (weights(0.8, 0.6, 0.0), weights(-0.6, 0.0, 0.8), "discordant", (True, True)),
        (weights(0.8, 0.6, 0.0), weights(0.5, -0.66, 0.0), "discordant", (True, True)),
        (weights(0.3, 0.9, 0.0), weights(0.1, 0.0, 0.0), "switch_only", (True, False)),
        (weights(0.1, 0.0, 0.0), weights(-0.3, 0.9, 0.0), "abundance_only", (False, True)),
        (weights(0.19, 0.9, 0.0), weights(-0.19, 0.9, 0.0), "inactive", (False, False)),
        (weights(0.3, 0.9, 0.0), None, "switch_only", (True, False)),
        (None, weights(0.3, 0.9, 0.0), "abundance_only", (False, True)),
        (weights(0.1, 0.9, 0.0), None, "inactive", (False, False)),
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
def test_gene_roles__follow_from_three_correlations(make_channels, waves, switch, abundance, role, active):
    found = roles(make_channels, waves, {"gene": (switch, abundance)})
    expected = pl.DataFrame(
        {
            "module_id": ["M000"],
            "gene_id": ["gene"],
            "module_role": [role],
            "switch_r": [None if switch is None else switch[0]],
            "abundance_r": [None if abundance is None else abundance[0]],
            "switch_abundance_r": [None if switch is None or abundance is None else switch @ abundance],
            "switch_active": [active[0]],
            "abundance_active": [active[1]],
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
        eigengenes=np.empty((2, 16)),
        explained=np.empty(2),
        kme=np.empty(5),
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
