"""The dataset bundle in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from isograph.arrays import Matrix

# The report of an import lies beside the files of the bundle and is not in its manifest.
IMPORT_REPORT = "import_report.json"
COUNT_ASSAYS = ("transcript_counts", "gene_counts")
# In the provenance of a bundle: what the values of transcript_counts are, where they are no counts.
QUANTITY = "quantity"
TPM = "tpm"
TPM_WARNING = (
    "the values are TPM: shares of a gene are its usage, but totals are no reads, so how much of the variation of "
    "usage is noise of counting cannot be known. Counts are better where there are any."
)
FEATURE_KIND_OF_ASSAY = {
    "transcript_counts": "transcript",
    "gene_counts": "gene",
    "gene_log": "gene",
    "psi": "psi",
    "junction_counts": "junction",
}
TRUTH_KINDS = ("truth_module", "truth_switch", "truth_switch_event", "truth_abundance", "truth_channel_role")


@dataclass(frozen=True, slots=True)
class Bundle:
    """One data set: samples, features and assays, aligned by position.

    Attributes
    ----------
    samples : ``sample_id`` first; row i describes column i of every matrix.
    feature_tables : by kind (``transcript``, ``gene``, ``psi``, ``junction``, ``truth_*``, others kept as they are).
    matrices : by assay name, each (n_features, n_samples) float64. Row i of ``transcript_counts`` is row i of the
        ``transcript`` table, row i of ``gene_counts`` and ``gene_log`` is row i of the ``gene`` table.
    path : where it was read from, None for one made in memory.
    """

    dataset_name: str
    samples: pl.DataFrame
    feature_tables: dict[str, pl.DataFrame]
    matrices: dict[str, Matrix]
    suite_name: str = "user"
    description: str = ""
    provenance: dict[str, str] = field(default_factory=dict)
    path: Path | None = None

    @property
    def is_tpm(self) -> bool:
        """Whether ``transcript_counts`` holds TPM: right for usage, while totals of genes and samples are no reads."""
        return self.provenance.get(QUANTITY) == TPM

    @property
    def transcripts(self) -> pl.DataFrame | None:
        """The ``transcript`` table: ``transcript_id``, ``gene_id`` and anything else; None in a gene-only bundle."""
        return self.feature_tables.get("transcript")

    @property
    def genes(self) -> pl.DataFrame | None:
        """The ``gene`` table: ``gene_id`` and anything else; None where genes are known from transcripts only."""
        return self.feature_tables.get("gene")

    @property
    def sample_ids(self) -> list[str]:
        """Sample ids in matrix column order."""
        return self.samples.get_column("sample_id").to_list()
