"""Files that quantifiers write for one sample, known by their header: their columns are no samples of a matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from isograph.errors import InputError, examples

_ANNOTATED = "(transcript_id, gene_id and a column per sample)"

_PREPDE = "Make transcript_count_matrix.csv with StringTie's prepDE.py, and import that."


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A file of a quantifier.

    Attributes
    ----------
    file : the tool and its file, as messages call it.
    columns : names that no other table has together, in lower case.
    remedy : what to give instead.
    """

    file: str
    columns: frozenset[str]
    remedy: str


_KNOWN = (
    ToolOutput(
        "RSEM's genes.results",
        frozenset({"transcript_id(s)", "effective_length", "expected_count", "tpm"}),
        "Import the transcripts instead: one matrix of the expected_count of every sample's isoforms.results "
        f"{_ANNOTATED}.",
    ),
    ToolOutput(
        "RSEM's isoforms.results",
        frozenset({"effective_length", "expected_count", "tpm", "fpkm"}),
        f"Import one matrix of the expected_count of every sample {_ANNOTATED}; rsem-generate-data-matrix makes one "
        "without genes, which tx2gene or a GTF then gives.",
    ),
    ToolOutput(
        "Salmon's quant.sf",
        frozenset({"name", "effectivelength", "tpm", "numreads"}),
        "Name the directory that holds the directories of all samples, each with its quant.sf.",
    ),
    ToolOutput(
        "kallisto's abundance.tsv",
        frozenset({"target_id", "eff_length", "est_counts", "tpm"}),
        f"Import nf-core's merged tables, or one matrix of the est_counts of every sample {_ANNOTATED}.",
    ),
    ToolOutput(
        "StringTie's t_data.ctab",
        frozenset({"t_id", "t_name", "cov", "fpkm"}),
        f"It holds coverage and FPKM, and no counts of reads. {_PREPDE}",
    ),
    ToolOutput(
        "StringTie's table of exons",
        frozenset({"e_id", "rcount", "ucount", "mrcount"}),
        _PREPDE,
    ),
    ToolOutput(
        "StringTie's table of introns",
        frozenset({"i_id", "rcount", "ucount", "mrcount"}),
        _PREPDE,
    ),
    ToolOutput(
        "StringTie's table of gene abundances",
        frozenset({"gene id", "coverage", "fpkm", "tpm"}),
        f"It holds coverage, FPKM and TPM, and no counts of reads. {_PREPDE}",
    ),
    ToolOutput(
        "Cufflinks' fpkm_tracking",
        frozenset({"tracking_id", "class_code", "tss_id", "coverage"}),
        f"It holds no counts: quantify with Salmon, or import a matrix of counts {_ANNOTATED}.",
    ),
    ToolOutput(
        "oarfish's quant",
        frozenset({"tname", "len", "num_reads"}),
        f"Import one matrix of the num_reads of every sample {_ANNOTATED}.",
    ),
)
_FEATURE_COUNTS = ("geneid", "chr", "start", "end", "strand", "length")
_ALIGNED = re.compile(r"\.(?:bam|sam|cram)$", re.IGNORECASE)


def refuse_tool_output(name: str, header: Sequence[str]) -> None:
    """Raise if the table is one sample's output of a quantifier.

    Raises
    ------
    InputError
        It is: the message names the tool, and what can be read instead.
    """
    columns = {column.casefold() for column in header}
    for tool in _KNOWN:
        if tool.columns <= columns:
            found = examples(header[:8], 8)
            raise InputError(
                name,
                f"is {tool.file}, the output for one sample: its columns ({found}) are measures and not samples. "
                f"{tool.remedy}",
            )


def is_feature_counts(header: Sequence[str]) -> bool:
    """Return whether the table is one of featureCounts: genes with their place, and a column for each alignment."""
    return tuple(column.casefold() for column in header[: len(_FEATURE_COUNTS)]) == _FEATURE_COUNTS


def names_of_alignments(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the sample that each alignment file is of: its name without directory and suffix.

    Where two would have one name, all columns are returned as they are.

    Examples
    --------
    >>> names_of_alignments(["runs/S1.sorted.bam", "runs/S2.sorted.bam"])
    ('S1.sorted', 'S2.sorted')
    """
    samples = tuple(_ALIGNED.sub("", re.split(r"[/\\]", column)[-1]) for column in columns)
    return samples if len(set(samples)) == len(samples) and all(samples) else tuple(columns)
