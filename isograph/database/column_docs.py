"""What the columns of the views mean, with their unit and what a null in them means."""

from __future__ import annotations

from isograph.schemas import FIT_TABLES
from isograph.schemas.explanation import EXPLAIN_TABLES

# NOTE: a name means the same in every view; where it does not, "view.column" comes first.
_MEANINGS = {
    "run": "directory of the run; of a report its stage. Never null",
    "gene_id": "gene. Never null",
    "gene_name": "gene symbol. Null: none is known",
    "transcript_id": "transcript. Never null",
    "sample_id": "sample. Never null",
    "feature_id": "feature: <gene>::switch or <gene>::abundance. Never null",
    "feature_type": "channel of the feature: switch or abundance. Never null",
    "module_id": "module of the run; M000 has the most genes. Never null",
    "score": "score with covariates projected out: mean 0, sample sd 1 over the samples. NaN: not measured",
    "sample_row": "column of the sample in every matrix of the bundle, from 0. Never null",
    "gene_row": "row of the gene in gene_counts and gene_log, from 0. Never null",
    "transcript_row": "row of the transcript in transcript_counts, from 0. Never null",
    "has_switch": "whether isoform usage was made to follow the module. Never null",
    "has_abundance": "whether abundance was made to follow the module. Never null",
    "truth_role": "switch_only, abundance_only, coupled, discordant or background. Never null",
    "truth_modules.module_id": "planted module, in the numbering of the simulation. Never null",
    "truth_channel_role.module_id": "planted module, in the numbering of the simulation. Null: background",
    "count": "reads, or expected reads. Never null",
    "kind": "fit, snapshot, bundle, explanation or report. Never null",
    "path": "path below the directory of the catalog. Never null",
    "dataset": "data set. Null: not recorded",
    "backend": "how the network was inferred. Null: not recorded, or nothing was inferred",
    "seed": "seed of everything that drew numbers. Null: not recorded",
    "isograph_version": "version that wrote it. Null: not recorded",
    "fit": "directory of the fit that an explanation explains. Null: a run of another kind, or not recorded",
    "problem": "why it was left out. Never null",
    "key": "name of the setting, those of nested values joined by dots. Never null",
    "value": "the value as text. Null: JSON null",
    "numeric_value": "the value as a number, true as 1 and false as 0. Null: text or JSON null",
    "metrics.value": "the value, true as 1 and false as 0; seconds, bytes or a share, as the metric says. Never null",
    "report": "kind of report: benchmark, runtime-memory, calibration or stability. Never null",
    "metric": "name of the metric, those of nested values joined by dots. Never null",
    "n_genes": "genes in the module. Never null",
    "n_coupled": "of them, coupled. Never null",
    "n_switch_only": "of them, switch_only. Never null",
    "n_abundance_only": "of them, abundance_only. Never null",
    "n_discordant": "of them, discordant. Never null",
    "n_inactive": "of them, inactive. Never null",
}  # fmt: skip


def column_comment(view: str, column: str) -> str:
    """Return what a column of a view means, its unit, and what a null in it means."""
    contract = FIT_TABLES.get(view) or EXPLAIN_TABLES.get(view)
    declared = next((entry for entry in contract.columns if entry.name == column), None) if contract else None
    if declared is not None:
        null = f"Null: {declared.null}" if declared.null else "Never null"
        return f"{declared.meaning}. {null}."
    return f"{_MEANINGS.get(f'{view}.{column}') or _MEANINGS[column]}."
