"""Contracts of the tables that say why a module is a module; each is written once per module."""

from __future__ import annotations

import polars as pl

from isograph.schemas import Column, Table

_GENE = Column("gene_id", pl.String(), "gene")
_FEATURE = Column("feature_id", pl.String(), "feature, as in feature_scores")
_FEATURE_TYPE = Column(
    "feature_type", pl.String(), "channel of the feature: switch or abundance; of given features what they say"
)
_LOG10_P = Column("log10_pvalue", pl.Float64(), "log10 of pvalue, accurate where pvalue is too small for a number")
_R_TEST = (
    Column(
        "pvalue",
        pl.Float64(),
        "two-sided p of r at n_complete − 2 − covariate columns degrees of freedom. NaN: not estimable",
    ),
    _LOG10_P,
)
_COMPLETE = (
    Column("n_complete", pl.Int64(), "samples with a value of both the feature and the eigengene"),
    Column("missingness", pl.Float64(), "share of the samples of the fit without one of the two values"),
)

GENE_DRIVER_TABLE = Table(
    name="gene_driver_table",
    row="one gene of the fit, in the module or not, with its feature of the largest |r|",
    columns=(
        _GENE,
        Column("r", pl.Float64(), "Pearson r of the feature with the module eigengene. NaN: not estimable"),
        *_R_TEST,
        Column("qvalue", pl.Float64(), "Benjamini–Hochberg over every feature of every gene. NaN: no p-value"),
        *_COMPLETE,
        _FEATURE,
        _FEATURE_TYPE,
        Column("r_low", pl.Float64(), "lower end of the 95 % interval of r (Fisher's z). NaN: not estimable"),
        Column("r_high", pl.Float64(), "upper end of it. NaN: not estimable"),
        Column("in_module", pl.Boolean(), "whether the gene is in the module"),
    ),
    key=("gene_id",),
    order="|r| descending, feature_id",
)
TRANSCRIPT_POLARITY_TABLE = Table(
    name="transcript_polarity_table",
    row="one transcript of a gene of the module that has a switch feature",
    columns=(
        Column("feature_id", pl.String(), "switch feature the transcript is part of; the feature itself if given"),
        Column("transcript_id", pl.String(), "transcript"),
        _GENE,
        Column(
            "r",
            pl.Float64(),
            "Pearson r of the transcript's centred log-ratio, covariates projected out, with the module eigengene. "
            "NaN: not estimable",
        ),
        *_R_TEST,
        Column("qvalue", pl.Float64(), "Benjamini–Hochberg over the rows of the table. NaN: no p-value"),
        *_COMPLETE,
        Column("switch_strength", pl.Float64(), "largest r of the gene − its smallest. NaN: no r in the gene"),
        Column("loading", pl.Float64(), "weight in the switch score, as in switch_loadings", "the features were given"),
        Column(
            "mean_high",
            pl.Float64(),
            "mean share of the gene (a given feature: mean value) in the upper third of the eigengene. NaN: no value",
        ),
        Column("mean_low", pl.Float64(), "the same in the lower third"),
    ),
    key=("feature_id", "transcript_id"),
    order="switch_strength descending, gene_id, r descending",
)
HIGH_VS_LOW_TABLE = Table(
    name="high_vs_low_table",
    row="one feature of a gene of the module",
    columns=(
        _FEATURE,
        _GENE,
        Column("mean_high", pl.Float64(), "mean in the samples at or above the 2/3 quantile of the eigengene, in sd"),
        Column("mean_low", pl.Float64(), "mean in those at or below the 1/3 quantile, in sd"),
        Column("delta", pl.Float64(), "mean_high − mean_low. NaN: a group without value"),
        Column("se", pl.Float64(), "standard error of delta. NaN: not estimable"),
        Column("statistic", pl.Float64(), "Welch's t. NaN: not estimable"),
        Column("df", pl.Float64(), "its degrees of freedom by Satterthwaite. NaN: not estimable"),
        Column("pvalue", pl.Float64(), "two-sided p. NaN: not estimable"),
        _LOG10_P,
        Column("qvalue", pl.Float64(), "Benjamini–Hochberg over the rows of the table. NaN: no p-value"),
        Column("n_high", pl.Int64(), "values in the high group"),
        Column("n_low", pl.Int64(), "values in the low group"),
        Column("missingness", pl.Float64(), "share of the two groups' samples without a value"),
        _FEATURE_TYPE,
        Column("reason", pl.String(), "why the test is not estimable", "it is"),
    ),
    key=("feature_id",),
    order="|statistic| descending, feature_id; not estimable ones last",
)

EXPLAIN_TABLES = {table.name: table for table in (GENE_DRIVER_TABLE, TRANSCRIPT_POLARITY_TABLE, HIGH_VS_LOW_TABLE)}
