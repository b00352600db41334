"""Configuration of ``isograph import``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isograph.config.check import require


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportConfig:
    """What ``isograph import`` reads, how ids are matched, and which genes and transcripts are kept.

    Attributes
    ----------
    format : ``auto``, ``salmon``, ``nf-core`` or ``matrix``.
    samples : sample sheet; None makes one from the quantification's own sample names.
    sample_column : the sheet's id column; None finds it by name.
    tx2gene, gtf : where the gene of a transcript is looked up, when the quantification does not say.
    id_column, gene_column : columns of a generic matrix; None finds them by name.
    scale : ``counts``, or ``log`` for gene values already on a log scale (missing allowed).
    strip : ``auto``, ``none``, ``version`` (``.N``) or ``bar`` (everything after ``|``): how ids are made to match.
    drop_unmatched : leave out samples and transcripts without a partner instead of stopping.
    min_cpm, min_samples : a gene is kept with at least ``min_cpm`` counts per million in ``min_samples`` samples
        (a number ≥ 1, or a share of all samples < 1).
    min_tx_count, min_prop : a transcript is kept with at least ``min_tx_count`` counts in the share ``min_prop`` of
        samples.
    """

    format: str = "auto"
    samples: Path | None = None
    sample_column: str | None = None
    tx2gene: Path | None = None
    gtf: Path | None = None
    id_column: str | None = None
    gene_column: str | None = None
    scale: str = "counts"
    strip: str = "auto"
    drop_unmatched: bool = False
    min_cpm: float = 1.0
    min_samples: float = 0.1
    min_tx_count: float = 10.0
    min_prop: float = 0.1
    dataset_name: str | None = None

    def __post_init__(self) -> None:
        require(
            {
                f"format is '{self.format}', expected auto, salmon, nf-core or matrix": self.format
                in ("auto", "salmon", "nf-core", "matrix"),
                f"scale is '{self.scale}', expected counts or log": self.scale in ("counts", "log"),
                f"strip is '{self.strip}', expected auto, none, version or bar": self.strip
                in ("auto", "none", "version", "bar"),
                f"min_cpm is {self.min_cpm}, expected 0 or more": self.min_cpm >= 0,
                f"min_samples is {self.min_samples}, expected 0 or more": self.min_samples >= 0,
                f"min_tx_count is {self.min_tx_count}, expected 0 or more": self.min_tx_count >= 0,
                f"min_prop is {self.min_prop}, expected 0 to 1": 0 <= self.min_prop <= 1,
            }
        )
