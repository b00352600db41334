"""Other tools that find modules, run as whole processes on the data that isograph gets.

They are looked for where two variables of the environment say: ``RSCRIPT``, an Rscript whose library has WGCNA (by
default the one on the path), and ``PYWGCNA_PYTHON``, a Python that has PyWGCNA. Only their documented functions are
called.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle

LOOKED_FOR = "R's WGCNA (RSCRIPT=/path/to/Rscript), PyWGCNA (PYWGCNA_PYTHON=/path/to/python)"
HYBRID = "network_type=signed hybrid"
PYWGCNA_DEFAULTS = [HYBRID, "r_squared_cut=0.9", "min_module_size=50", "merge_cut_height=0.2"]
N_GENES, N_SAMPLES, N_MODULES = 1_500, 120, 12

_R_KNOWS = "quit(status = !requireNamespace('WGCNA', quietly = TRUE))"
_R_MODULES = (
    "suppressPackageStartupMessages(library(WGCNA)); file <- commandArgs(trailingOnly = TRUE)[1]; "
    "x <- as.matrix(read.csv(file, row.names = 1)); "
    "found <- blockwiseModules(x, power = 6, networkType = 'signed hybrid', maxBlockSize = ncol(x) + 1, verbose = 0); "
    "print(table(found$colors))"
)
_PYWGCNA_MODULES = """
import sys
import matplotlib
matplotlib.use("Agg")
import PyWGCNA
study = PyWGCNA.WGCNA(name="peer", geneExpPath=sys.argv[1], outputPath=sys.argv[2] + "/", save=False)
study.preprocess(show=False)
study.findModules()
print(study.datExpr.var["moduleColors"].value_counts())
"""


@dataclass(frozen=True)
class Peer:
    """A tool that is there: its name, its command, and the settings with which isograph does the same."""

    name: str
    command: list[str]
    settings: list[str]


def peers(place: Path) -> list[Peer]:
    """Return the peers that are installed, each to be run on ``place``/values.csv."""
    values = str(place / "values.csv")
    found = []
    rscript = os.environ.get("RSCRIPT") or shutil.which("Rscript")
    if rscript and _succeeds([rscript, "-e", _R_KNOWS]):
        found.append(Peer("R WGCNA, power 6", [rscript, "-e", _R_MODULES, values], ["power=6", HYBRID]))
    python = os.environ.get("PYWGCNA_PYTHON")
    if python and _succeeds([python, "-c", "import PyWGCNA"]):
        command = [python, "-c", _PYWGCNA_MODULES, values, str(place)]
        found.append(Peer("PyWGCNA, power chosen", command, PYWGCNA_DEFAULTS))
    return found


def write_values(place: Path) -> Path:
    """Write values.csv (a row a sample) and a bundle of the same values; return the bundle."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(N_GENES, N_SAMPLES))
    for module in range(N_MODULES):
        values[60 * module : 60 * (module + 1)] += 1.5 * rng.normal(size=N_SAMPLES)
    # NOTE: PyWGCNA leaves out genes below 1, so the values are moved above it; no correlation changes.
    values += 20.0
    genes = [f"G{number:04d}" for number in range(N_GENES)]
    samples = [f"S{number:03d}" for number in range(N_SAMPLES)]
    table = pl.DataFrame(values.T, schema=genes)
    table.insert_column(0, pl.Series("sample_id", samples)).write_csv(place / "values.csv")
    bundle = Bundle(
        dataset_name="values",
        samples=pl.DataFrame({"sample_id": samples}),
        feature_tables={"gene": pl.DataFrame({"gene_id": genes})},
        matrices={"gene_log": values},
    )
    return write_bundle(bundle, place / "values")


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
