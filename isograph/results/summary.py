"""A fit in short, for a terminal or a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from isograph.errors import examples, option, shown
from isograph.network.tables import few_sample_modules
from isograph.schemas.effect import ETA_SQUARED, effect_of
from isograph.schemas.role import ROLES, SWITCHING_ROLES, shown_role
from isograph.text import Section, sections_html, sections_text

MODULES_SHOWN = 8
TRAITS_SHOWN = 5
GIANT_SHARE = 0.3
SIGNIFICANT_Q = 0.05
UNCERTAIN_ROLES = 0.1


@dataclass(frozen=True, slots=True, repr=False)
class FitSummary:
    """Headline, the largest modules, the strongest trait associations, and what to be careful about.

    Attributes
    ----------
    headline : sentences.
    modules : one row per module shown: module, genes, hub gene, its kME, variance explained, supported roles.
    n_modules : modules in the fit.
    associations : one row per association shown: module, trait, test, effect, p, q, n.
    n_tests, n_significant : tests with a p-value, and those of them with q < 0.05.
    cautions : sentences, empty when there is nothing to say.

    Roles are those that have evidence (``supported_role``), in fits of isograph 0.2.0 those of the rule |r| ≥ 0.2.
    """

    headline: tuple[str, ...]
    modules: pl.DataFrame
    n_modules: int
    associations: pl.DataFrame
    n_tests: int
    n_significant: int
    cautions: tuple[str, ...]

    def sections(self) -> Iterator[Section]:
        """Yield the sentences of the summary, and the tables below them."""
        for sentence in self.headline:
            yield sentence, None
        if self.modules.height:
            yield f"Largest modules ({self.modules.height} of {self.n_modules})", self.modules
        if self.associations.height:
            significant = f"{self.n_significant:,}" if self.n_significant else "none"
            title = f"Strongest trait associations ({self.n_tests:,} tests, {significant} with q < {SIGNIFICANT_Q})"
            yield title, self.associations
        for caution in self.cautions:
            yield f"Caution: {caution}", None

    def as_text(self) -> str:
        """Return the summary as lines for a terminal."""
        return sections_text(self.sections())

    def __repr__(self) -> str:
        return self.as_text()

    def _repr_html_(self) -> str:
        return sections_html(self.sections())


def fit_summary(
    tables: Mapping[str, pl.LazyFrame], config: Mapping[str, Any], calibration: Mapping[str, Any]
) -> FitSummary:
    """Return the summary of a fit from its tables.

    tables: ``modules``, ``module_summary``, ``module_gene_roles``, ``eigengenes`` and ``traits``.
    """
    modules = tables["modules"].collect(engine="in-memory")
    summary = tables["module_summary"].collect(engine="in-memory")
    traits = tables["traits"].collect(engine="in-memory")
    roles = tables["module_gene_roles"].collect(engine="in-memory")
    few_samples = few_sample_modules(tables["eigengenes"].collect(engine="in-memory"))
    n_genes = modules.height + calibration["n_unassigned_genes"]
    return FitSummary(
        headline=_headline(summary, modules, n_genes, config, calibration),
        modules=_module_rows(summary, modules, roles, few_samples),
        n_modules=summary.height,
        associations=_association_rows(traits),
        n_tests=int(traits.get_column("pvalue").is_not_nan().sum()),
        n_significant=traits.filter(pl.col("qvalue") < SIGNIFICANT_Q).height,
        cautions=(
            *_sample_cautions(few_samples),
            *_cautions(summary, roles, n_genes, config, calibration),
            *_untested(traits),
        ),
    )


def _headline(
    summary: pl.DataFrame,
    modules: pl.DataFrame,
    n_genes: int,
    config: Mapping[str, Any],
    calibration: Mapping[str, Any],
) -> tuple[str, ...]:
    sizes: list[int] = summary.get_column("n_genes").to_list()
    count = f"{len(sizes)} module{'' if len(sizes) == 1 else 's'}"
    spread = f" of {sizes[-1]:,} to {sizes[0]:,} genes" if len(sizes) > 1 else ""
    coverage = f"{modules.height:,} of {n_genes:,} genes in a module, {calibration['n_edges']:,} edges"
    lines = [f"{shown(config['bundle']['dataset_name'])}: {count}{spread}; {coverage}."]
    if config["covariates"]:
        read = [f"{shown(name)} ({reading})" for name, reading in config["covariates_as_read"].items()]
        lines.append(f"Projected out: {', '.join(read)}.")
    if config.get("individual"):
        individuals = f"{shown(config['individual'])} ({config['individual_as_read']})"
        lines.append(f"Tests of traits take samples of one individual as dependent: {individuals}.")
    removed = []
    for factor in calibration.get("hidden_confounders", []):
        if factor["removed"]:
            r = factor["r"]
            column = max(r, key=lambda name: r[name], default=None)
            closest = "" if column is None else f", closest to {shown(column)} (r {r[column]:.2f})"
            removed.append(f"{factor['factor_id']} on {factor['n_features']:,} features{closest}")
    if removed:
        listed = "; ".join(removed)
        lines.append(f"Hidden confounders found and projected out: {listed}. {option('keep_factors')} leaves them in.")
    if not summary.height:
        lines.append(
            "No module was found: no group of genes moves together more than chance explains. That is a result."
        )
    return tuple(lines)


def _module_rows(
    summary: pl.DataFrame, modules: pl.DataFrame, roles: pl.DataFrame, few_samples: Mapping[str, str]
) -> pl.DataFrame:
    largest = summary.head(MODULES_SHOWN)
    role_counts = []
    for module_id in largest.get_column("module_id"):
        of_module = roles.filter(pl.col("module_id") == module_id).get_column(shown_role(roles.columns)).to_list()
        role_counts.append(", ".join(f"{of_module.count(role)} {role}" for role in ROLES if role in of_module))
    hub = largest.select("hub_gene").join(
        modules, left_on="hub_gene", right_on="gene_id", how="left", validate="1:1", maintain_order="left"
    )
    return pl.DataFrame(
        {
            "module": [f"{name}*" if name in few_samples else name for name in largest.get_column("module_id")],
            "genes": [f"{count:,}" for count in largest.get_column("n_genes")],
            "hub gene": [shown(name or gene) for gene, name in zip(hub["hub_gene"], hub["gene_name"], strict=True)],
            "kME": [f"{kme:+.2f}" for kme in hub.get_column("kme")],
            "variance": [f"{share:.0%}" for share in largest.get_column("variance_explained")],
            "roles": role_counts,
        }
    )


def _association_rows(traits: pl.DataFrame) -> pl.DataFrame:
    strongest = traits.filter(pl.col("pvalue").is_not_nan()).sort("pvalue", "module_id", "trait").head(TRAITS_SHOWN)
    contrasts = [
        shown(trait if reference is None else f"{trait}: {level} − {reference}")
        for trait, level, reference in strongest.select("trait", "level", "reference").iter_rows()
    ]
    effects = [
        f"η² {effect:.2f}" if effect_of(*kind) == ETA_SQUARED else f"{effect:+.2f}"
        for effect, *kind in strongest.select("effect", "test", "level", "reference").iter_rows()
    ]
    return pl.DataFrame(
        {
            "module": strongest.get_column("module_id"),
            "trait": contrasts,
            "test": strongest.get_column("test"),
            "effect": effects,
            "p": [f"{p:.1e}" for p in strongest.get_column("pvalue")],
            "q": [f"{q:.1e}" for q in strongest.get_column("qvalue")],
            "n": [str(n) for n in strongest.get_column("n")],
        }
    )


def _sample_cautions(few_samples: Mapping[str, str]) -> list[str]:
    """Return a sentence for the modules that are one or two samples for the most part."""
    if not few_samples:
        return []
    listed = [f"{module_id} ({samples})" for module_id, samples in list(few_samples.items())[:MODULES_SHOWN]]
    more = "; …" if len(few_samples) > MODULES_SHOWN else ""
    return [f"* one or two samples are more than half of the eigengene: {'; '.join(listed)}{more}. Look at them first."]


def _cautions(
    summary: pl.DataFrame,
    roles: pl.DataFrame,
    n_genes: int,
    config: Mapping[str, Any],
    calibration: Mapping[str, Any],
) -> list[str]:
    if not summary.height:
        return []
    cautions = []
    largest = summary.get_column("n_genes")[0]
    if largest > GIANT_SHARE * n_genes and n_genes >= 100:
        covariates = option("covariates", flag="--covariate")
        advice = "" if config["covariates"] else f" If a technical difference drives it, name it with {covariates}."
        cautions.append(f"M000 holds {largest / n_genes:.0%} of all genes.{advice}")
    chance = calibration["chance_of_active_channel"]
    if chance > UNCERTAIN_ROLES:
        often = (
            f"with {calibration['n_samples']} samples chance alone makes a channel active (|r| ≥ 0.2) in {chance:.0%} "
            "of cases"
        )
        if shown_role(roles.columns) == "module_role":
            cautions.append(f"{often}: read roles as shares of a module, not gene by gene.")
        else:
            switching = {name: roles[name].is_in(SWITCHING_ROLES).sum() for name in ("supported_role", "module_role")}
            cautions.append(
                f"{often}. By that rule (module_role) {switching['module_role']:,} genes switch with their module; "
                f"{switching['supported_role']:,} have evidence for it (supported_role, q ≤ 0.05), shown above."
            )
    return cautions


def _untested(traits: pl.DataFrame) -> list[str]:
    """Return which traits have no p-value in any module, a sentence for each reason."""
    by_trait = traits.group_by("trait", maintain_order=True).agg(
        pl.col("pvalue").is_nan().all().alias("is_untested"), pl.col("reason").first()
    )
    untested = by_trait.filter("is_untested").drop_nulls("reason").group_by("reason", maintain_order=True).agg("trait")
    return [f"no p-value for {examples(names)}: {shown(reason)}." for reason, names in untested.iter_rows()]
