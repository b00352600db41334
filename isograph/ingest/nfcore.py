"""nf-core/rnaseq output: the merged transcript and gene count tables of Salmon or kallisto."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from isograph.errors import InputError, UsageError, examples
from isograph.ingest.inferential import inferential_relative_variance
from isograph.ingest.matrix import read_wide
from isograph.ingest.quantification import GeneTotals, Quantification
from isograph.ingest.salmon import sample_facts
from isograph.ingest.table import read_user_table

SUBFOLDERS = ("star_salmon", "salmon", "kallisto")
_TOOLS = ("salmon", "kallisto")
_GENE_TABLES = ("gene_counts_length_scaled", "gene_counts")
_TX2GENE = ("tx2gene.tsv", "salmon_tx2gene.tsv", "kallisto_tx2gene.tsv", "salmon.merged.tx2gene.tsv")


def merged_folder(source: Path) -> Path | None:
    """Return ``source`` or the quantification folder in it that holds the merged tables; None without any.

    Raises
    ------
    UsageError
        Several folders hold merged tables: which one is meant cannot be guessed.
    """
    if _merged_table(source, "transcript_counts"):
        return source
    folders = [source / name for name in SUBFOLDERS if _merged_table(source / name, "transcript_counts")]
    if len(folders) > 1:
        names = examples(folder.name for folder in folders)
        raise UsageError(f"{source} has merged tables in {names}. Name one of them: {folders[0]}")
    return folders[0] if folders else None


def read_nfcore(source: Path) -> Quantification:
    """Return the merged transcript counts of an nf-core/rnaseq output, with its gene counts where they fit.

    Raises
    ------
    InputError
        There is no merged table, or one is damaged.
    """
    folder = merged_folder(source)
    path = _merged_table(folder, "transcript_counts") if folder else None
    if folder is None or path is None:
        raise InputError(source.name, "no salmon.merged.transcript_counts.tsv (or kallisto.…) here or a level down")
    table = read_user_table(path)
    quantified = read_wide(table)
    if quantified.level != "transcript":
        raise InputError(path.name, f"has no transcript column; found {examples(table.header)}")
    totals, warnings = _gene_totals(folder, quantified)
    if quantified.gene_ids is not None:
        orphans = quantified.feature_ids.filter(quantified.feature_ids == quantified.gene_ids)
        if orphans.len():
            reason = "the pipeline's GTF did not have them, so they look like genes with a single transcript"
            warnings.append(f"transcripts that are their own gene: {orphans.len()} ({examples(orphans)}); {reason}")
    tx2gene = next((folder / name for name in _TX2GENE if (folder / name).is_file()), None)
    directories = {sample: folder / sample for sample in quantified.sample_names}
    inf_rv, of_replicates = inferential_relative_variance(directories, quantified.feature_ids)
    files = [path.name, *([totals.source] if totals else [])]
    return replace(
        quantified,
        format="nf-core",
        gene_totals=totals,
        tx2gene=tx2gene,
        inf_rv=inf_rv,
        files=tuple((folder / name).relative_to(source).as_posix() for name in files),
        sample_facts=sample_facts(folder, quantified.sample_names),
        warnings=(*quantified.warnings, *warnings),
        notes=(*quantified.notes, *of_replicates),
    )


def _merged_table(folder: Path | None, kind: str) -> Path | None:
    if folder is None:
        return None
    names = (f"{tool}.merged.{kind}.tsv{suffix}" for tool in _TOOLS for suffix in ("", ".gz"))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _gene_totals(folder: Path, quantified: Quantification) -> tuple[GeneTotals | None, list[str]]:
    path = next(filter(None, (_merged_table(folder, kind) for kind in _GENE_TABLES)), None)
    if path is None or quantified.gene_ids is None:
        return None, []
    table = read_user_table(path)
    totals = read_wide(table)
    order: Mapping[str, int] = {name: position for position, name in enumerate(totals.sample_names)}
    if set(order) != set(quantified.sample_names) or totals.violations:
        return None, [f"{path.name} was not used: its samples or values do not fit the transcript table's"]
    absent = quantified.gene_ids.drop_nulls().unique(maintain_order=True)
    absent = absent.filter(~absent.is_in(totals.feature_ids.implode()))
    if absent.len():
        lacking = f"it lacks {absent.len()} genes of the transcript table ({examples(absent)})"
        return None, [f"{path.name} was not used: {lacking}; gene counts are sums of transcripts"]
    columns = [order[name] for name in quantified.sample_names]
    return GeneTotals(totals.feature_ids, totals.values[:, columns], path.name), []
