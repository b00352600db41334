"""One contract per table: column, type, key, unit, meaning. Writers check against it, documentation is made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from isograph.errors import SchemaError, examples


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type, meaning, and what a null in it means (empty: there are none)."""

    name: str
    dtype: pl.DataType
    meaning: str
    null: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in order, its key (unique together), its row order and what a row is.

    ``more`` is the type of any further columns, after the named ones (one per sample); None allows none.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    order: str
    more: pl.DataType | None = None
    more_meaning: str = ""

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Name → type of the named columns."""
        return {column.name: column.dtype for column in self.columns}

    def checked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``frame`` if it keeps this contract.

        Raises
        ------
        SchemaError
            Columns missing, unexpected, out of order or of another type; nulls where there may be none; keys that
            are not unique. Everything found is listed.
        """
        problems = [*self._column_problems(frame)]
        if not problems:
            problems = [*self._value_problems(frame)]
        if problems:
            raise SchemaError(f"table {self.name}", problems)
        return frame

    def _column_problems(self, frame: pl.DataFrame) -> list[str]:
        expected, got = self.schema, dict(frame.schema)
        problems = []
        if missing := [name for name in expected if name not in got]:
            problems.append(f"{len(missing)} columns missing: {examples(missing)}")
        unexpected = [name for name, dtype in got.items() if name not in expected and dtype != self.more]
        if unexpected:
            problems.append(f"{len(unexpected)} columns unexpected: {examples(unexpected)}")
        problems += [
            f"column '{name}' is {got[name]}, expected {dtype}"
            for name, dtype in expected.items()
            if name in got and got[name] != dtype
        ]
        if not problems and list(got)[: len(expected)] != list(expected):
            problems.append(f"columns are {list(got)[: len(expected)]}, expected {list(expected)} in this order")
        return problems

    def _value_problems(self, frame: pl.DataFrame) -> list[str]:
        problems = [
            f"column '{column.name}' has {count} nulls, expected none"
            for column in self.columns
            if not column.null and (count := frame.get_column(column.name).null_count())
        ]
        n_distinct = frame.select(self.key).n_unique() if frame.height else 0
        if n_distinct != frame.height:
            problems.append(f"key ({', '.join(self.key)}) has {frame.height - n_distinct} repeated rows, expected none")
        return problems


GENE_NAME = Column("gene_name", pl.String(), "gene symbol", "none is known")


def with_gene_name(table: Table) -> Table:
    """Return the contract of a table as it is written: the symbol of its gene after the columns it is made with."""
    return replace(table, columns=(*table.columns, GENE_NAME))


_GENE = Column("gene_id", pl.String(), "gene")
_MODULE = Column("module_id", pl.String(), "module; M000 has the most genes")
_FEATURE_TYPE = Column("feature_type", pl.String(), "channel of the feature: switch or abundance")

MODULES = Table(
    name="modules",
    row="one gene in a module; a gene in no module has no row",
    columns=(
        _GENE,
        _MODULE,
        Column("kme", pl.Float64(), "signed Pearson r of the gene's best feature with the module eigengene"),
        Column("feature_type", pl.String(), "channel of that feature: switch or abundance"),
        Column("gene_name", pl.String(), "gene symbol", "the bundle knows none"),
    ),
    key=("gene_id",),
    order="module_id, |kme| descending, gene_id",
)
EDGES = Table(
    name="edges",
    row="one pair of genes joined in the network the modules were found in",
    columns=(
        Column("source", pl.String(), "gene; source < target"),
        Column("target", pl.String(), "gene"),
        Column("weight", pl.Float64(), "signed Pearson r of the pair's strongest feature pair"),
        Column("source_feature_id", pl.String(), "feature of the source gene in that pair"),
        Column("target_feature_id", pl.String(), "feature of the target gene in that pair"),
        Column("source_feature_type", pl.String(), "switch or abundance"),
        Column("target_feature_type", pl.String(), "switch or abundance"),
        Column("similarity", pl.Float64(), "second-order similarity of that pair, 0 to 1; wgcna: topological overlap"),
    ),
    key=("source", "target"),
    order="source, target",
)
TRAITS = Table(
    name="traits",
    row="one test of a module eigengene against a sample trait",
    columns=(
        _MODULE,
        Column("trait", pl.String(), "column of the sample table"),
        Column(
            "test",
            pl.String(),
            "pearson (number), welch (two levels) or welch_anova (more levels); with covariates or removed hidden "
            "confounders partial_pearson (number) or linear_model_hc3 (levels; linear_model_f where levels are too "
            "small for it); with individuals mixed_model; of a spline spline or mixed_model_spline",
        ),
        Column(
            "effect",
            pl.Float64(),
            "number: Pearson r, beside covariates partial r. Two levels: mean eigengene of level − mean of reference, "
            "beside covariates the difference in the linear model. More levels, spline: η², beside covariates partial "
            "η². NaN: not estimable",
        ),
        Column("statistic", pl.Float64(), "t of a number and of two levels, else F. NaN: not estimable"),
        Column("pvalue", pl.Float64(), "two-sided p-value. NaN: not estimable"),
        Column("qvalue", pl.Float64(), "Benjamini–Hochberg over all rows of the table with a p-value. NaN: no p-value"),
        Column("n", pl.Int64(), "samples used: those with a value of the trait"),
        Column(
            "level",
            pl.String(),
            "two levels: the level compared; more levels: all of them, joined by |",
            "the trait is a number",
        ),
        Column("reference", pl.String(), "the level it is compared with", "the trait does not have two levels"),
        Column("reason", pl.String(), "why a value is not estimable, or which samples were left out", "nothing to say"),
        Column("dof", pl.Float64(), "degrees of freedom of t, or of the denominator of F. NaN: not estimable"),
        Column(
            "numerator_dof", pl.Int64(), "degrees of freedom of the numerator of F; 1 for t", "no module has a test"
        ),
        Column(
            "nonlinear_pvalue",
            pl.Float64(),
            "p-value of the spline against the straight line, in no q-value. NaN: not estimable",
            "the test is not of a spline",
        ),
        Column("n_individuals", pl.Int64(), "individuals that the samples are of", "the test is not of a mixed model"),
        Column(
            "r2_with_covariates",
            pl.Float64(),
            "share of the trait that covariates and removed hidden confounders explain; 1: they determine it",
            "nothing was projected out",
        ),
        Column(
            "aliases",
            pl.String(),
            "columns that say the same of the samples and are tested by this row, joined by |",
            "there are none",
        ),
    ),
    key=("module_id", "trait"),
    order="module_id, trait in the order of the sample table",
)
FEATURE_SCORES = Table(
    name="feature_scores",
    row="one feature of the network",
    columns=(
        Column("feature_id", pl.String(), "<gene>::switch or <gene>::abundance"),
        _GENE,
        _FEATURE_TYPE,
        Column("n_transcripts", pl.Int64(), "transcripts of the gene in the bundle; 0 in a bundle without transcripts"),
    ),
    key=("feature_id",),
    order="gene_id, feature_type",
    more=pl.Float64(),
    more_meaning="one column per sample: score with covariates and hidden confounders projected out, mean 0, sample "
    "sd 1 over the samples. NaN: not measured, taken as 0 by the network",
)
MODULE_GENE_ROLES = Table(
    name="module_gene_roles",
    row="one gene in its module, with what drives its membership",
    columns=(
        _MODULE,
        _GENE,
        Column("module_role", pl.String(), "coupled, abundance_only, switch_only, discordant or inactive"),
        Column(
            "switch_r",
            pl.Float64(),
            "Pearson r of the gene's switch feature with the eigengene of the module's switch features, or with that "
            "of the module where it is one of fewer than 3",
            "the gene has no switch feature, or the module fewer than 3 and this is none of them",
        ),
        Column(
            "abundance_r",
            pl.Float64(),
            "Pearson r of the gene's abundance feature with the eigengene of the module's abundance features, or with "
            "that of the module where it is one of fewer than 3",
            "the gene has no abundance feature, or the module fewer than 3 and this is none of them",
        ),
        Column(
            "switch_abundance_r",
            pl.Float64(),
            "Pearson r between the gene's two features",
            "the gene lacks one of them",
        ),
        Column("switch_active", pl.Boolean(), "|switch_r| ≥ 0.2"),
        Column("abundance_active", pl.Boolean(), "|abundance_r| ≥ 0.2"),
        Column(
            "supported_role",
            pl.String(),
            "the role by evidence: a channel counts as active if its q is at most 0.05. What summaries show",
        ),
        Column(
            "switch_support_r",
            pl.Float64(),
            "Pearson r of the gene's switch feature with the eigengene of the module without the gene's own features",
            "the gene has no switch feature, or nothing of the module is left",
        ),
        Column("abundance_support_r", pl.Float64(), "the same of its abundance feature", "it has no abundance feature"),
        Column(
            "switch_qvalue",
            pl.Float64(),
            "Benjamini–Hochberg q of switch_support_r over the genes in modules",
            "switch_support_r is null",
        ),
        Column("abundance_qvalue", pl.Float64(), "the same of abundance_support_r", "abundance_support_r is null"),
        Column(
            "switch_abundance_pvalue", pl.Float64(), "two-sided p of switch_abundance_r", "switch_abundance_r is null"
        ),
        Column(
            "delta_usage",
            pl.Float64(),
            "largest change of a transcript's usage between the low and the high third of the gene's switch score",
            "the gene has no switch feature, or switch_score=clr",
        ),
    ),
    key=("gene_id",),
    order="module_id, gene_id",
)
EIGENGENES = Table(
    name="eigengenes",
    row="one module in one sample",
    columns=(
        _MODULE,
        Column("sample_id", pl.String(), "sample"),
        Column(
            "eigengene",
            pl.Float64(),
            "first principal component of the module's features over samples: mean 0, sum of squares 1",
        ),
    ),
    key=("module_id", "sample_id"),
    order="module_id, samples in the order of the sample table",
)
MODULE_SUMMARY = Table(
    name="module_summary",
    row="one module",
    columns=(
        _MODULE,
        Column("n_genes", pl.Int64(), "genes in the module"),
        Column("n_switch_features", pl.Int64(), "switch features the eigengene is made of"),
        Column("n_abundance_features", pl.Int64(), "abundance features the eigengene is made of"),
        Column("variance_explained", pl.Float64(), "share of the features' variance that the eigengene explains"),
        Column("hub_gene", pl.String(), "gene with the largest |kme|"),
        Column("n_edges", pl.Int64(), "edges between genes of the module"),
        Column("mean_abs_kme", pl.Float64(), "mean |kme| of its genes"),
        Column("wgcna_color", pl.String(), "WGCNA's colour name of the module", "the backend is not wgcna"),
        Column("top_sample_share", pl.Float64(), "largest share of one sample in the eigengene's sum of squares"),
        Column(
            "effective_samples",
            pl.Float64(),
            "participation ratio of the eigengene, 1 / Σ e⁴: 1 where one sample is all of it, a third of the samples "
            "where it is normal",
        ),
        Column("n_up", pl.Int64(), "genes with kme > 0, which rise with the eigengene"),
        Column("n_down", pl.Int64(), "genes with kme < 0, which fall as it rises"),
    ),
    key=("module_id",),
    order="module_id",
)
SWITCH_LOADINGS = Table(
    name="switch_loadings",
    row="one transcript of a gene with a switch feature",
    columns=(
        _GENE,
        Column("transcript_id", pl.String(), "transcript"),
        Column(
            "loading",
            pl.Float64(),
            "weight of the transcript's usage in the switch score (of its centred log-ratio with switch_score=clr); "
            "squares sum to 1 in a gene. Positive: the score rises with its share",
        ),
    ),
    key=("transcript_id",),
    order="gene_id, transcripts in the order of the bundle",
)
EXCLUDED_FEATURES = Table(
    name="excluded_features",
    row="one channel that a gene cannot carry, or with too few values for the network",
    columns=(
        _GENE,
        _FEATURE_TYPE,
        Column(
            "reason",
            pl.String(),
            "single isoform, constant, constant or too few values, usage varies no more than counting explains, usage "
            "changes by less than the limit; wgcna: also half of its values or more missing",
        ),
    ),
    key=("gene_id", "feature_type"),
    order="gene_id, feature_type",
)

FEATURE_QUALITY = Table(
    name="feature_quality",
    row="one channel of a gene that could carry it, kept as a feature or not",
    columns=(
        Column("feature_id", pl.String(), "<gene>::switch or <gene>::abundance"),
        _GENE,
        _FEATURE_TYPE,
        Column(
            "dispersion",
            pl.Float64(),
            "overdispersion ρ of usage given the gene's totals, covariates out: 0 for counting noise alone, 1 at most",
            "abundance, or values that are no counts",
        ),
        Column(
            "pvalue",
            pl.Float64(),
            "of usage varying no more than multinomial counts do. NaN: too few counts to test",
            "abundance, or values that are no counts",
        ),
        Column("qvalue", pl.Float64(), "Benjamini–Hochberg over the genes tested. NaN: not tested", "pvalue is null"),
        Column(
            "delta_usage",
            pl.Float64(),
            "largest change of a transcript's usage between the low and the high third of the score (dIF)",
            "abundance, or switch_score=clr",
        ),
        Column(
            "minor_usage", pl.Float64(), "usage of the second most used transcript", "abundance, or switch_score=clr"
        ),
        Column("mean_count", pl.Float64(), "mean of the gene's counts over samples", "values that are no counts"),
        Column(
            "r_with_depth",
            pl.Float64(),
            "Pearson r of the feature with the log of the library size, covariates out. NaN: not kept or not estimable",
            "values that are no counts",
        ),
        Column("kept", pl.Boolean(), "whether it is a feature of the network"),
        Column("reason", pl.String(), "why not", "it is kept"),
    ),
    key=("feature_id",),
    order="gene_id, feature_type",
)

HIDDEN_FACTORS = Table(
    name="hidden_factors",
    row="one hidden confounder in one sample",
    columns=(
        Column("factor_id", pl.String(), "hidden confounder; H1 was found first"),
        Column("sample_id", pl.String(), "sample"),
        Column("score", pl.Float64(), "the confounder over samples: mean 0, sum of squares 1"),
        Column("removed", pl.Boolean(), "whether it was projected out of the features that load on it"),
    ),
    key=("factor_id", "sample_id"),
    order="factor_id, samples in the order of the sample table",
)

FIT_TABLES = {
    table.name: table
    for table in (
        MODULES,
        EDGES,
        TRAITS,
        FEATURE_SCORES,
        with_gene_name(MODULE_GENE_ROLES),
        EIGENGENES,
        MODULE_SUMMARY,
        with_gene_name(SWITCH_LOADINGS),
        with_gene_name(EXCLUDED_FEATURES),
        with_gene_name(FEATURE_QUALITY),
        HIDDEN_FACTORS,
    )
}
