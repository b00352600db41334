from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import isograph as ig
from isograph.benchmarking.stability import (
    GeneNetwork,
    StabilityRequest,
    co_assignment,
    edge_frequencies,
    halves_agreement,
    mean_best_jaccard,
    most_reproducible,
    sample_halves,
    stability_report,
)
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.errors import UsageError

BUNDLE = Path(__file__).resolve().parents[3] / "fixtures" / "bundles_0_1_5" / "toy_multiplex_v1"
NO_EDGES = np.empty(0, dtype=np.int64)


def network(*module_of: int) -> GeneNetwork:
    return GeneNetwork(np.array(module_of), NO_EDGES)


@dataclass(frozen=True)
class QuickFit:
    """The tables that the stability of a fit is read from."""

    modules: pl.LazyFrame
    edges: pl.LazyFrame


def quick_fit(path: Path, *, settings: dict[str, float], **_: object) -> QuickFit:
    """Two modules; the more genes in them and the more edges, the larger the setting, and all by the samples."""
    bundle = read_bundle(path)
    genes = bundle.genes.get_column("gene_id").to_list()
    (value,) = settings.values()
    shift = sum(map(len, bundle.sample_ids)) + sum(int(name[-1]) for name in bundle.sample_ids)
    in_modules = genes[shift % 3 : 10 + shift % 3] if value < 0.001 else genes[:30]
    modules = {"gene_id": in_modules, "module_id": [f"M{n % 2:03d}" for n in range(len(in_modules))]}
    edges = {"source": in_modules[:-1], "target": in_modules[1:]}
    return QuickFit(pl.LazyFrame(modules), pl.LazyFrame(edges))


def request(directory: Path, **changed: object) -> StabilityRequest:
    facts = {"fit": quick_fit, "bundle": BUNDLE, "directory": directory, "backend": "factor", "seed": 1}
    return StabilityRequest(**{**facts, "covariates": (), "n_splits": 2, **changed})


@pytest.fixture
def one_thread(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")


@pytest.mark.parametrize(("n_samples", "half"), [(10, 5), (11, 5), (2, 1)])
def test_sample_halves__share_no_sample(n_samples, half):
    for one, other in sample_halves(n_samples, 4, seed=7):
        assert len(one) == len(other) == half
        both = [*one.tolist(), *other.tolist()]
        assert len(set(both)) == 2 * half
        assert set(both) <= set(range(n_samples))
        assert one.tolist() == sorted(one.tolist())


def test_sample_halves__depend_on_seed_and_split_alone():
    first, second, third = sample_halves(30, 3, seed=1)
    again = sample_halves(30, 2, seed=1)
    np.testing.assert_array_equal(again[0], first)
    np.testing.assert_array_equal(again[1], second)
    assert first[0].tolist() != second[0].tolist() != third[0].tolist()
    assert sample_halves(30, 1, seed=2)[0][0].tolist() != first[0].tolist()


def test_halves_agreement__is_over_the_genes_of_both_and_of_either():
    # both: genes 0 to 3, alike; either: gene 4 is with 2 and 3 in one half and alone in the other
    measured = halves_agreement([network(0, 0, 1, 1, 1, -1), network(5, 5, 2, 2, -1, -1)])
    assert measured.ari.tolist() == [1.0]
    assert measured.nmi.tolist() == [1.0]
    # pairs of 5 genes: 4 and 2, 2 of both, of 10: (2 - 0.8) / (3 - 0.8)
    assert measured.ari_of_all.tolist() == pytest.approx([1.2 / 2.2])
    assert measured.share_in_both.tolist() == pytest.approx([4 / 6])
    assert measured.n_modules.tolist() == [2.0]


def test_halves_agreement__without_modules_is_none_of_its_own():
    nothing = network(-1, -1, -1)
    measured = halves_agreement([nothing, nothing, network(0, 0, -1), nothing])
    assert np.isnan(measured.ari).all()
    assert np.isnan(measured.nmi).all()
    assert measured.ari_of_all.tolist() == [0.0, 0.0]
    assert measured.share_in_both.tolist() == [0.0, 0.0]
    assert measured.n_modules.tolist() == [0.0, 0.5]


def test_edge_frequencies__is_the_share_of_networks_with_the_edge():
    found = [GeneNetwork(NO_EDGES, np.array(edges, dtype=np.int64)) for edges in ([1, 5], [5, 9], [5], [])]
    assert edge_frequencies(np.array([1, 5, 7]), found).tolist() == [0.25, 0.75, 0.0]
    assert edge_frequencies(NO_EDGES, found).tolist() == []


def test_co_assignment__is_the_share_of_pairs_that_stay_together():
    reference = np.array([0, 0, 0, 0, 1, 1, -1])
    whole = network(3, 3, 3, 3, 3, 3, 3)
    # 0 keeps 1 of 6 pairs and 1 of 6 pairs, 1 loses its pair
    halved = network(0, 0, 1, 1, 2, -1, 2)
    assert co_assignment(reference, [whole]).tolist() == [1.0, 1.0]
    assert co_assignment(reference, [halved]).tolist() == pytest.approx([2 / 6, 0.0])
    assert co_assignment(reference, [whole, halved]).tolist() == pytest.approx([4 / 6, 0.5])


def test_mean_best_jaccard__is_the_mean_over_networks():
    reference = np.array([0, 0, 0, 0, 1, 1, -1])
    whole = network(3, 3, 3, 3, 3, 3, 3)
    halved = network(0, 0, 1, 1, 2, -1, 2)
    assert mean_best_jaccard(reference, [whole]).tolist() == pytest.approx([4 / 7, 2 / 7])
    assert mean_best_jaccard(reference, [halved]).tolist() == pytest.approx([2 / 4, 1 / 3])
    assert mean_best_jaccard(reference, [whole, halved]).tolist() == pytest.approx(
        [(4 / 7 + 1 / 2) / 2, (2 / 7 + 1 / 3) / 2]
    )


def test_module_stability__of_nothing_found_is_zero():
    reference = np.array([0, 0, 1, 1])
    assert co_assignment(reference, [network(-1, -1, -1, -1)]).tolist() == [0.0, 0.0]
    assert mean_best_jaccard(reference, [network(-1, -1, -1, -1)]).tolist() == [0.0, 0.0]
    assert co_assignment(np.array([-1, -1]), [network(0, 0)]).tolist() == []
    assert mean_best_jaccard(np.array([-1, -1]), [network(0, 0)]).tolist() == []


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ([0.10, 0.10, 0.11, 0.09], 0.01),
        ([0.30, -0.25, 0.30, -0.25], 0.1),
        ([-0.10, -0.10, -0.11, -0.09], 0.1),
        ([0.0, 0.0, 0.0, 0.0], 0.1),
        ([0.2], 0.1),
    ],
)
def test_most_reproducible__leaves_the_default_for_more_than_its_error(gains, expected):
    default = np.full(len(gains), 0.5)
    scores = {0.01: default + np.array(gains), 0.1: default, 1.0: default - 0.4}
    assert most_reproducible(scores, 0.1) == expected


@pytest.mark.usefixtures("one_thread")
def test_stability_report__of_planted_modules_finds_them_in_every_half(tmp_path):
    report = stability_report(request(tmp_path, fit=ig.fit, values=(), covariates=("Sex",)), workers=1)
    assert (report["n_samples"], report["samples_in_a_half"], report["n_halves"]) == (64, 32, 4)
    assert (report["n_genes"], report["projected_out"]) == (40, ["Sex"])
    assert [(module["module_id"], module["n_genes"]) for module in report["modules"]] == [("M000", 20), ("M001", 20)]
    assert min(module["jaccard"] for module in report["modules"]) > 0.9
    assert min(module["co_assignment"] for module in report["modules"]) > 0.85
    agreement = report["agreement_of_halves"]
    assert set(agreement) == {"ari", "nmi", "ari_of_all", "ari_of_all_se", "share_in_both", "n_modules"}
    assert min(agreement["ari"], agreement["nmi"], agreement["ari_of_all"], agreement["share_in_both"]) > 0.7
    assert sum(report["edges"]["frequency_histogram"]) == report["edges"]["n_edges"] >= 300
    assert list(tmp_path.iterdir()) == []


def test_stability_report__tells_how_many_fits_are_done_and_leaves_nothing(tmp_path):
    done = []
    report = stability_report(
        request(tmp_path, values=(1e-2,)), workers=1, progress=lambda *counts: done.append(counts)
    )
    # one reference and four halves with each of two settings
    assert done == [(count, 9) for count in range(1, 10)]
    assert [row["fdr"] for row in report["settings"]] == [1e-4, 1e-2]
    assert list(tmp_path.iterdir()) == []


def test_stability_report__recommends_the_setting_whose_halves_agree_best(tmp_path):
    report = stability_report(request(tmp_path, n_splits=3, values=(1e-2,)), workers=1)
    default, larger = report["settings"]
    assert default["ari_of_all"] < larger["ari_of_all"] == 1.0
    assert (report["default"], report["recommended"]) == ({"fdr": 1e-4}, {"fdr": 1e-2})
    assert report["recommended_reason"].startswith("halves agree best")
    kept = stability_report(request(tmp_path, values=()), workers=1)
    assert kept["recommended"] == kept["default"] == {"fdr": 1e-4}
    assert kept["recommended_reason"].startswith("no other value")


def test_stability_report__is_the_same_in_processes_of_their_own(tmp_path):
    asked = request(tmp_path, values=())
    assert stability_report(asked, workers=2) == stability_report(asked, workers=1)
    assert list(tmp_path.iterdir()) == []


def test_stability_report__needs_samples_to_halve(tmp_path):
    bundle = read_bundle(BUNDLE)
    few = replace(
        bundle,
        samples=bundle.samples.head(15),
        matrices={name: matrix[:, :15].copy() for name, matrix in bundle.matrices.items()},
    )
    with pytest.raises(UsageError) as raised:
        stability_report(request(tmp_path, bundle=write_bundle(few, tmp_path / "few")), workers=1)
    assert str(raised.value) == "toy_multiplex_v1 has 15 samples; at least 16 are needed for halves to say much."


@pytest.mark.usefixtures("one_thread")
def test_stability_report__compares_the_backends_own_setting(tmp_path):
    report = stability_report(request(tmp_path, backend="wgcna", values=(0.25,)), workers=1)
    assert [row["merge_cut_height"] for row in report["settings"]] == [0.15, 0.25]
    assert report["default"] == {"merge_cut_height": 0.15}


def test_stability_report__refuses_a_backend_without_a_setting_to_compare(tmp_path):
    with pytest.raises(UsageError) as raised:
        stability_report(request(tmp_path, backend="other"), workers=1)
    assert str(raised.value) == "backend 'other' has no setting whose stability is compared (factor, vae, wgcna)."
