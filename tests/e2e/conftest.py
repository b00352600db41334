from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from math import comb
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def earlier_bundles() -> Path:
    """Bundles written by version 0.1.5."""
    return REPOSITORY / "fixtures" / "bundles_0_1_5"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real data sets beside the checkout; the test is skipped where they are absent."""
    path = REPOSITORY.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the real data sets are not here")
    return path


def _simulation(
    seed: int,
    *,
    n_genes: int = 300,
    n_samples: int = 60,
    modules: Mapping[str, int] | None = None,
    batch_effect: float = 0.0,
) -> Bundle:
    """Counts of genes with one to three transcripts; ``modules`` plants so many genes of each name from the first on.

    Every other gene of a module follows its signal in abundance, the others in usage. A batch shifts half of all genes
    in both, each by its own amount.
    """
    rng = np.random.default_rng(seed)
    sizes = 1 + np.arange(n_genes) % 3
    gene_of = np.repeat(np.arange(n_genes), sizes)
    first = np.r_[True, gene_of[1:] != gene_of[:-1]]
    abundance, usage = np.zeros((n_genes, n_samples)), np.zeros((n_genes, n_samples))
    homes: list[str | None] = [None] * n_genes
    for name, size in (modules or {}).items():
        signal = rng.normal(size=n_samples)
        members = [gene for gene, home in enumerate(homes) if home is None][:size]
        for gene in members:
            homes[gene] = name
            switches = gene % 2 == 1 and sizes[gene] > 1
            abundance[gene] += 0.0 if switches else 0.6 * signal
            usage[gene] += 1.5 * signal if switches else 0.0
    batch = np.arange(n_samples) % 3
    shifts = rng.normal(size=(2, n_genes, 3)) * batch_effect * (rng.uniform(size=n_genes) < 0.5)[None, :, None]
    abundance += shifts[0][:, batch]
    usage += shifts[1][:, batch]
    level = rng.normal(6.0, 0.7, n_genes)[:, None] + abundance + rng.normal(0.0, 0.3, (n_genes, n_samples))
    preference = rng.normal(0.0, 0.4, (len(gene_of), n_samples)) + first[:, None] * usage[gene_of]
    weights = np.exp(preference)
    totals = np.zeros((n_genes, n_samples))
    np.add.at(totals, gene_of, weights)
    expected = np.exp(level)[gene_of] * weights / totals[gene_of] * rng.uniform(0.7, 1.4, n_samples)
    counts = rng.poisson(expected).astype(np.float64)
    genes = [f"g{gene:04d}" for gene in range(n_genes)]
    samples = pl.DataFrame(
        {
            "sample_id": [f"S{sample:03d}" for sample in range(n_samples)],
            "batch": [f"b{number}" for number in batch],
            "age": rng.normal(50.0, 10.0, n_samples),
        }
    )
    transcripts = pl.DataFrame(
        {
            "transcript_id": [f"{genes[gene]}.{row}" for row, gene in enumerate(gene_of)],
            "gene_id": [genes[gene] for gene in gene_of],
        }
    )
    truth = pl.DataFrame({"gene_id": genes, "module_id": homes}).drop_nulls()
    tables = {"transcript": transcripts} | ({"truth_module": truth} if truth.height else {})
    return Bundle(f"simulated_{seed}", samples, tables, {"transcript_counts": counts})


@pytest.fixture(scope="session")
def simulation() -> Callable[..., Bundle]:
    return _simulation


@pytest.fixture
def simulated(tmp_path: Path) -> Callable[..., Path]:
    """Write a simulated bundle and return its directory."""

    def write(seed: int, **options: object) -> Path:
        return write_bundle(_simulation(seed, **options), tmp_path / f"simulated_{seed}")

    return write


def _agreement(truth: pl.DataFrame, modules: pl.DataFrame) -> float:
    """Adjusted Rand index over the genes of ``truth``; a gene in no module is a cluster of its own.

    Hubert & Arabie 1985, J Classif 2:193-218, eq. 5.
    """
    found = dict(modules.select("gene_id", "module_id").iter_rows())
    planted = dict(truth.select("gene_id", "module_id").iter_rows())
    labels = [(home, found.get(gene, gene)) for gene, home in planted.items()]
    pairs = comb(len(labels), 2)
    together = sum(comb(size, 2) for size in Counter(labels).values())
    of_truth = sum(comb(size, 2) for size in Counter(home for home, _ in labels).values())
    of_found = sum(comb(size, 2) for size in Counter(home for _, home in labels).values())
    chance = of_truth * of_found / pairs
    return (together - chance) / ((of_truth + of_found) / 2 - chance)


@pytest.fixture(scope="session")
def agreement() -> Callable[[pl.DataFrame, pl.DataFrame], float]:
    return _agreement


def _digests(path: Path, suffix: str) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(path.glob(f"*{suffix}"))}


@pytest.fixture(scope="session")
def digests() -> Callable[[Path, str], dict[str, str]]:
    return _digests
