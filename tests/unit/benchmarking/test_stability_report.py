from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from isograph.benchmarking.stability_report import StabilityRequest, stability_report
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.errors import UsageError
from isograph.pipeline.fit import fit

BUNDLE = Path(__file__).resolve().parents[3] / "fixtures" / "bundles_0_1_5" / "toy_multiplex_v1"


def request(place: Path, **changed: object) -> StabilityRequest:
    facts = {"bundle": BUNDLE, "place": place, "backend": "factor", "seed": 1, "covariates": (), "n_splits": 2}
    return StabilityRequest(fit=fit, **{**facts, **changed})


def test_stability_report__of_planted_modules_finds_them_in_every_half(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    done = []
    asked = request(tmp_path, values=(1e-2,), covariates=("Sex",))
    report = stability_report(asked, workers=2, progress=lambda *counts: done.append(counts))
    assert (report["n_samples"], report["samples_in_a_half"], report["n_halves"]) == (64, 32, 4)
    assert (report["n_genes"], report["projected_out"]) == (40, ["Sex"])
    assert report["modules"] == [
        {"module_id": "M000", "n_genes": 20, "co_assignment": 1.0, "jaccard": 1.0},
        {"module_id": "M001", "n_genes": 20, "co_assignment": 1.0, "jaccard": 1.0},
    ]
    # one reference and four halves with each of two settings
    assert done == [(count, 9) for count in range(1, 10)]
    assert [row["fdr"] for row in report["settings"]] == [1e-4, 1e-2]
    assert report["agreement_of_halves"] == {
        "ari": 1.0,
        "nmi": 1.0,
        "ari_of_all": 1.0,
        "ari_of_all_se": 0.0,
        "share_in_both": 1.0,
        "n_modules": 2.0,
    }
    assert report["recommended"] == report["default"] == {"fdr": 1e-4}
    assert report["recommended_reason"].startswith("no other value")
    assert sum(report["edges"]["frequency_histogram"]) == report["edges"]["n_edges"] >= 300
    assert list(tmp_path.iterdir()) == []
    assert stability_report(asked, workers=1) == report


def test_stability_report__needs_samples_to_halve(tmp_path):
    bundle = read_bundle(BUNDLE)
    few = replace(
        bundle,
        samples=bundle.samples.head(15),
        matrices={name: matrix[:, :15].copy() for name, matrix in bundle.matrices.items()},
    )
    with pytest.raises(UsageError) as raised:
        stability_report(request(tmp_path, bundle=write_bundle(few, tmp_path / "few")), workers=1)
    assert str(raised.value) == ("toy_multiplex_v1 has 15 samples; at least 16 are needed for halves to say much.")


def test_stability_report__compares_the_backends_own_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    report = stability_report(request(tmp_path, backend="wgcna", n_splits=2, values=(0.25,)), workers=2)
    assert [row["merge_cut_height"] for row in report["settings"]] == [0.15, 0.25]
    assert report["default"] == {"merge_cut_height": 0.15}


def test_stability_report__refuses_a_backend_without_a_setting_to_compare(tmp_path):
    with pytest.raises(UsageError) as raised:
        stability_report(request(tmp_path, backend="other"), workers=1)
    assert str(raised.value) == "backend 'other' has no setting whose stability is compared (factor, vae, wgcna)."
