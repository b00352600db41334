from __future__ import annotations

from pathlib import Path

import pytest

from isograph.pipeline.validate import validate

EARLIER = Path(__file__).resolve().parents[3] / "fixtures" / "bundles_0_1_5"


@pytest.mark.parametrize("kind", [str, Path])
def test_validate__shows_what_a_good_bundle_holds(kind):
    report = validate(kind(EARLIER / "toy_v1"))
    assert (report.valid, report.findings) == (True, ())
    assert repr(report).splitlines() == [
        f"{EARLIER / 'toy_v1'}: valid",
        "data set: toy_v1",
        "samples: 48",
        "genes: 24",
        "transcripts: 48",
        "multi-isoform genes: 24",
        "assays: gene_counts (24 × 48), transcript_counts (48 × 48), psi (24 × 48)",
        "truth tables: truth_module, truth_switch",
        "sample columns: Dx (String), Age (Float64), Sex (String)",
    ]


def test_validate__shows_findings_as_a_table(tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    report = validate(tmp_path)
    assert (report.valid, report.summary) == (False, None)
    assert repr(report).splitlines() == [
        f"{tmp_path}: not valid (1 error)",
        "",
        "findings:",
        "  level  where          message",
        "  error  manifest.json  holds a list, expected an object.",
    ]
    assert report._repr_html_() == (
        f"<p>{tmp_path}: not valid (1 error)</p><p>findings:</p><table><thead><tr><th>level</th><th>where</th>"
        "<th>message</th></tr></thead><tbody><tr><td>error</td><td>manifest.json</td>"
        "<td>holds a list, expected an object.</td></tr></tbody></table>"
    )
