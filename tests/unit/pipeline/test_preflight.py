from __future__ import annotations

import logging
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle
from isograph.config import FitConfig, WgcnaConfig
from isograph.errors import ResourceError
from isograph.features.assays import Assays, Grouping
from isograph.pipeline import preflight as subject
from isograph.pipeline.preflight import preflight
from isograph.runtime import resources
from isograph.store import output

PEAK_OF = (
    "import resource, subprocess, sys\n"
    "subprocess.run(sys.argv[1:], check=True)\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


@pytest.mark.parametrize(
    ("n_features", "n_samples", "said"),
    [
        # peak memory measured of whole fits: 0.84, 1.88 and 0.38 GB, each with few strong pairs
        (60_000, 240, "916 MB of memory (2.8 GB if most features have many strong partners)"),
        (60_000, 1_000, "2.0 GB of memory (4.2 GB if most features have many strong partners)"),
        (800, 91, "398 MB of memory (421 MB if most features have many strong partners)"),
        # 0.59 GB, with strong pairs for most of its features
        (25_000, 40, "509 MB of memory (1.2 GB if most features have many strong partners)"),
    ],
)
def test_preflight__says_what_a_fit_takes(tmp_path, monkeypatch, caplog, n_features, n_samples, said):
    said_by = preflight_of(tmp_path, monkeypatch, caplog, n_features, n_samples, available=2**40)
    assert f"× {n_samples} samples: about {said}, " in said_by
    assert "too little" not in said_by


def test_preflight__warns_where_dense_data_would_not_fit(tmp_path, monkeypatch, caplog):
    said = preflight_of(tmp_path, monkeypatch, caplog, 60_000, 240, available=1_500_000_000)
    assert "1.5 GB of memory are available; if most features have many strong partners, that is too little" in said


def test_preflight__asks_for_what_is_not_held_yet(tmp_path, monkeypatch, caplog):
    with pytest.raises(ResourceError, match="needs about 916 MB of memory; 800 MB are available"):
        preflight_of(tmp_path, monkeypatch, caplog, 60_000, 240, available=800_000_000)
    preflight_of(tmp_path, monkeypatch, caplog, 60_000, 240, available=800_000_000, held=400_000_000)


def test_preflight__offers_blocks_in_the_words_of_the_caller(tmp_path, monkeypatch, caplog):
    wgcna = FitConfig(backend="wgcna", settings=WgcnaConfig())
    with pytest.raises(ResourceError, match=re.escape("into blocks, as R does: settings={'max_block_size': 5000}.")):
        preflight_of(tmp_path, monkeypatch, caplog, 60_000, 40, available=800_000_000, config=wgcna)


def preflight_of(
    tmp_path,
    monkeypatch,
    caplog,
    n_features: int,
    n_samples: int,
    *,
    available: int,
    held: int = 0,
    config: FitConfig | None = None,
) -> str:
    """Return what is logged before a fit of log values."""
    caplog.set_level(logging.INFO, logger="isograph")
    for module in (resources, subject):
        monkeypatch.setattr(module, "available_memory", lambda: available)
    monkeypatch.setattr(subject, "resident_memory", lambda: held)
    monkeypatch.setattr(output.shutil, "disk_usage", lambda _: SimpleNamespace(free=2**40))
    values = np.broadcast_to(np.float64(1.0), (n_features, n_samples))
    ids = [str(number) for number in range(n_features)]
    genes = Grouping(ids, np.arange(n_features), np.arange(n_features + 1), ids)
    samples = pl.DataFrame({"sample_id": [str(number) for number in range(n_samples)]})
    wide = Bundle("wide", samples, {}, {"gene_log": values})
    assays = Assays(None, None, genes, values, gene_values_are_log=True)
    preflight(wide, assays, config or FitConfig(), threads=2, place=tmp_path)
    return caplog.text


@pytest.mark.parametrize(
    ("n_features", "n_samples"), [(2_000, 100), pytest.param(30_000, 300, marks=pytest.mark.heavy)]
)
def test_preflight__is_near_the_peak_of_the_process(tmp_path, n_features, n_samples):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n_features, n_samples))
    values[:200] += rng.normal(size=n_samples)
    samples = pl.DataFrame({"sample_id": [f"S{number}" for number in range(n_samples)]})
    genes = pl.DataFrame({"gene_id": [f"G{number}" for number in range(n_features)]})
    path = write_bundle(Bundle("wide", samples, {"gene": genes}, {"gene_log": values}), tmp_path / "bundle")
    fit = [
        sys.executable,
        "-m",
        "isograph",
        "fit",
        str(path),
        "--output-dir",
        str(tmp_path / "fit"),
        "-q",
        "--threads",
        "2",
    ]
    done = subprocess.run([sys.executable, "-c", PEAK_OF, *fit], capture_output=True, text=True, check=True)
    peak = (1 if sys.platform == "darwin" else 1024) * int(done.stdout.split()[-1])
    said = re.search(r"about ([0-9.]+) (MB|GB) of memory", (tmp_path / "fit" / "run.log").read_text(encoding="utf-8"))
    expected = float(said[1]) * {"MB": 1e6, "GB": 1e9}[said[2]]
    assert expected / 1.3 <= peak <= 1.1 * expected
