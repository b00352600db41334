"""Configuration of ``isograph import``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isograph.config.check import choice_check, require
from isograph.config.setting import setting

FORMATS = ("auto", "salmon", "nf-core", "matrix")
SCALES = ("counts", "tpm", "log")
MIN_TX_COUNT = 10.0
STRIP_RULES = ("auto", "none", "version", "bar")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportConfig:
    """What ``isograph import`` reads, how ids are matched, and which genes and transcripts are kept.

    Every field is an option, which its help describes.
    """

    format: str = setting(
        "auto", "What SOURCE is: Salmon directories, an nf-core/rnaseq output, or a matrix file.", choices=FORMATS
    )
    samples: Path | None = setting(None, "Sample sheet: CSV, TSV or parquet, a row a sample.", must_exist=True)
    sample_column: str | None = setting(None, "The sheet's id column.  [default: found by name]", metavar="NAME")
    tx2gene: Path | None = setting(
        None,
        "Table of transcript, gene and perhaps gene name; of gene_id and gene_name for names alone.",
        must_exist=True,
    )
    gtf: Path | None = setting(None, "GTF, plain or gzipped, to look up genes in.", must_exist=True)
    id_column: str | None = setting(None, "Id column of a matrix.  [default: found by name]", metavar="NAME")
    gene_column: str | None = setting(None, "Gene column of a matrix.  [default: found by name]", metavar="NAME")
    scale: str = setting(
        "counts",
        "What the values of a matrix are; tpm gives usage without counts, log is for genes only and is not filtered.",
        choices=SCALES,
    )
    strip: str = setting(
        "auto", "How transcript ids are made to match: version drops '.N', bar cuts at '|'.", choices=STRIP_RULES
    )
    drop_unmatched: bool = setting(default=False, help="Leave out samples and transcripts without a partner.")
    min_cpm: float = setting(1.0, "Keep genes with this many counts per million (or TPM) …")
    min_samples: float = setting(0.1, "… in this many samples, or this share below 1.")
    min_tx_count: float = setting(MIN_TX_COUNT, "Keep transcripts with this many counts …")
    min_usage: float = setting(0.05, "… and with this share of their gene …")
    min_prop: float = setting(0.1, "… each in this share of samples: that of the smallest group, or less.")
    dataset_name: str | None = setting(
        None, "Name of the data set.  [default: the name of OUT]", flag="--name", metavar="DATASET"
    )

    def __post_init__(self) -> None:
        of_counts = f"min_tx_count is {self.min_tx_count}, but TPM are no counts: leave it out, and raise min_usage"
        require(
            {
                of_counts: self.scale != "tpm" or self.min_tx_count in (0, MIN_TX_COUNT),
                **choice_check("format", self.format, FORMATS),
                **choice_check("scale", self.scale, SCALES),
                **choice_check("strip", self.strip, STRIP_RULES),
                f"min_cpm is {self.min_cpm}, expected 0 or more": self.min_cpm >= 0,
                f"min_samples is {self.min_samples}, expected 0 or more": self.min_samples >= 0,
                f"min_tx_count is {self.min_tx_count}, expected 0 or more": self.min_tx_count >= 0,
                f"min_usage is {self.min_usage}, expected 0 to 1": 0 <= self.min_usage <= 1,
                f"min_prop is {self.min_prop}, expected 0 to 1": 0 <= self.min_prop <= 1,
            }
        )
