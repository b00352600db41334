"""Contracts of the tables that say why a module is a module; each is written once per module."""

from __future__ import annotations

import polars as pl

from isograph.schemas import Column, Table, with_gene_name

_GENE = Column("gene_id", pl.String(), "gene")
_FEATURE = Column("feature_id", pl.String(), "feature, as in feature_scores")
_FEATURE_TYPE = Column(
    "feature_type",
    pl.String(),
    "channel of the feature: switch or abundance; for features of a table, what the table says",
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
_IN_MODULE = Column("in_module", pl.Boolean(), "whether the gene is in the module")

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
        _IN_MODULE,
    ),
    key=("gene_id",),
    order="|r| descending, feature_id",
)
TRANSCRIPT_POLARITY_TABLE = Table(
    name="transcript_polarity_table",
    row="one transcript of a gene of the module that has a switch feature",
    columns=(
        Column(
            "feature_id",
            pl.String(),
            "switch feature the transcript is part of; the feature itself if it is from a table",
        ),
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
        Column(
            "loading", pl.Float64(), "weight in the switch score, as in switch_loadings", "features are from a table"
        ),
        Column(
            "mean_high",
            pl.Float64(),
            "mean share of the gene (of a feature from a table: mean value) in the upper third of the eigengene. "
            "NaN: no value",
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

_LATENT = (
    Column("latent_dim", pl.Int64(), "latent dimension that correlates most with the eigengene; −1: none does"),
    Column("latent_eigengene_r", pl.Float64(), "its Pearson r with the eigengene. NaN: none varies"),
)
_DIRECTION_R = Column(
    "direction_eigengene_r",
    pl.Float64(),
    "Pearson r of the eigengene with the module's direction, over all latent dimensions. NaN: there is none",
)

VAE_DRIVERS = Table(
    name="vae_drivers",
    row="one gene of the fit, in the module or not, with its feature of the largest |response|",
    columns=(
        _GENE,
        Column(
            "decoded_response",
            pl.Float64(),
            "change of the decoded feature, in sd, as the module grows by one sd: the decoder's exact Jacobian times "
            "the module's latent direction, mean over the samples. NaN: the module has no direction",
        ),
        _FEATURE_TYPE,
        _FEATURE,
        *_LATENT,
        Column("percentile", pl.Float64(), "share of the module's genes whose |response| it reaches, in percent"),
        Column(
            "sign_agreement",
            pl.Float64(),
            "share of the samples in which the response has the sign of the feature's r with the eigengene",
        ),
        Column("qvalue", pl.Float64(), "q of that r, Benjamini–Hochberg over every feature of every gene"),
        Column(
            "high_confidence",
            pl.Boolean(),
            "in the module, qvalue < 0.05, percentile ≥ 75 and sign_agreement ≥ 0.9",
        ),
        _DIRECTION_R,
        _IN_MODULE,
    ),
    key=("gene_id",),
    order="|decoded_response| descending, feature_id",
)
IG_ATTRIBUTIONS = Table(
    name="ig_attributions",
    row="one gene of the fit, in the module or not, with its feature of the largest mean |attribution|",
    columns=(
        _GENE,
        Column(
            "mean_ig",
            pl.Float64(),
            "mean over the samples of what the feature adds to the eigengene that the encoder predicts, in sd: its "
            "integrated gradient. NaN: the module has no direction",
        ),
        Column("mean_abs_ig", pl.Float64(), "mean of the absolute values"),
        *_LATENT,
        _FEATURE,
        _FEATURE_TYPE,
        Column(
            "convergence_delta",
            pl.Float64(),
            "share of the predicted change, over the samples, that the attributions of all features miss",
        ),
        Column(
            "mean_toward_ig",
            pl.Float64(),
            "mean of the attribution times the sign of the sample's predicted change: above 0 it pulls along",
        ),
        Column("n_steps", pl.Int64(), "steps of the integral"),
        _DIRECTION_R,
        _IN_MODULE,
    ),
    key=("gene_id",),
    order="mean_abs_ig descending, feature_id",
)

EXPLAIN_TABLES = {
    table.name: with_gene_name(table)
    for table in (GENE_DRIVER_TABLE, TRANSCRIPT_POLARITY_TABLE, HIGH_VS_LOW_TABLE, VAE_DRIVERS, IG_ATTRIBUTIONS)
}
