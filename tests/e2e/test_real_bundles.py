from __future__ import annotations

from pathlib import Path

import pytest

from isograph.bundle.read import inspect_bundle
from isograph.bundle.write import write_bundle
from isograph.pipeline.validate import bundle_summary

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "bundles_0_1_5"

pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="the real data sets are not here")]


@pytest.mark.parametrize(
    ("name", "n_samples", "n_genes", "n_transcripts", "n_multi_isoform_genes"),
    [
        ("toy_v1", 48, 24, 48, 24),
        ("toy_multiplex_v1", 64, 40, 108, 38),
        ("noisy_v1", 100, 300, 856, 300),
        ("large_multiplex_v1", 140, 900, 2352, 759),
    ],
)
def test_earlier_bundle__loads_and_is_written_with_its_manifest(
    tmp_path, name, n_samples, n_genes, n_transcripts, n_multi_isoform_genes
):
    bundle, findings = inspect_bundle(REAL / name)
    assert findings == ()
    assert bundle is not None
    summary = bundle_summary(bundle)
    assert summary.n_samples == n_samples
    assert summary.n_genes == n_genes
    assert summary.n_transcripts == n_transcripts
    assert summary.n_multi_isoform_genes == n_multi_isoform_genes
    again, findings = inspect_bundle(write_bundle(bundle, tmp_path / name))
    assert findings == ()
    assert again is not None
    assert bundle_summary(again) == summary
