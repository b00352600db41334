"""Genes by module: as gene sets and ranked lists for enrichment, and as the tables that WGCNA scripts expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from isograph.exporting.membership import Scores, connectivity, gene_memberships, leading_features
from isograph.schemas.color import GREY, module_colors
from isograph.store.spreadsheet import guarded_text
from isograph.traits.adjusted import adjusted_test
from isograph.traits.adjustment import Adjustment
from isograph.traits.trait import Trait
from isograph.traits.unadjusted import pearson_test

Names = Mapping[str, str]


def gmt(modules: pl.DataFrame, module_ids: Sequence[str], names: Names, *, raw: bool = False) -> bytes:
    """Return one line a module: its name, what it is, its genes by |kme|; all with tabs between them.

    names: what a gene is called, where that is not its id. A name that two genes share stands once.
    """
    lines = []
    for module in module_ids:
        genes = modules.filter(module_id=module).get_column("gene_id").to_list()
        texts = _texts(genes, names, raw=raw)
        lines.append("\t".join([module, f"{len(genes)} genes, hub {texts[0]}", *texts]))
    return _joined(lines)


def background(genes: Sequence[str], names: Names, *, raw: bool = False) -> bytes:
    """Return one line a gene that could have been in a module: what enrichment is to be tested against."""
    return _joined(_texts(genes, names, raw=raw))


def ranked_lists(scores: Scores, module_ids: Sequence[str], names: Names, *, raw: bool = False) -> dict[str, bytes]:
    """Return, by module, every gene with a feature and its kME with that module, largest first.

    Of genes that share a name the one of the largest |kME| is kept.
    """
    memberships = gene_memberships(scores)
    lists = {}
    for module in module_ids:
        kme = memberships[:, scores.module_ids.index(module)]
        kme_of_name: dict[str, float] = {}
        for gene in np.argsort(-np.abs(kme), kind="stable").tolist():
            kme_of_name.setdefault(names.get(scores.gene_ids[gene], scores.gene_ids[gene]), float(kme[gene]))
        ranked = sorted(kme_of_name.items(), key=lambda entry: (-entry[1], entry[0]))
        lists[module] = _joined([f"{_text(name, raw=raw)}\t{value:.6g}" for name, value in ranked])
    return lists


def _texts(genes: Sequence[str], names: Names, *, raw: bool) -> list[str]:
    """Return what the genes are called, each name once."""
    return [_text(name, raw=raw) for name in dict.fromkeys(names.get(gene, gene) for gene in genes)]


def _text(name: str, *, raw: bool) -> str:
    # NOTE: gene sets are read by programs: a name that a spreadsheet would only rewrite is left as it is.
    return name if raw else guarded_text(name)


def _joined(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def gene_info(
    scores: Scores,
    modules: pl.DataFrame,
    edges: pl.DataFrame,
    names: Names,
    traits: Sequence[Trait],
    *,
    adjustment: Adjustment | None = None,
) -> pl.DataFrame:
    """Return one row a gene with a feature.

    ``moduleColor``, ``moduleLabel`` (0 and grey: in no module), ``kTotal`` … ``kDiff`` over the edges of the fit,
    ``kME<colour>`` by module, and ``GS.<trait>``, ``p.GS.<trait>``: Pearson r of the gene's feature with the trait and
    its two-sided p, partial r where something was projected out. Ordered by label, grey last, then |kME| with the own
    module, then gene.

    names: gene → symbol. traits: numbers, or two levels as 0 and 1. adjustment: what was projected out of the features;
    None for nothing.
    """
    colours = module_colors(scores.module_ids)
    labels = {module: number for number, module in enumerate(scores.module_ids, start=1)}
    module_of_gene = dict(modules.select("gene_id", "module_id").iter_rows())
    module_of = [module_of_gene.get(gene) for gene in scores.gene_ids]
    memberships = gene_memberships(scores)
    leading = leading_features(scores, modules)
    columns: dict[str, object] = {
        "gene_id": scores.gene_ids,
        "geneSymbol": [names.get(gene) for gene in scores.gene_ids],
        "moduleColor": [GREY if module is None else colours[module] for module in module_of],
        "moduleLabel": [0 if module is None else labels[module] for module in module_of],
        "module_id": module_of,
        "featureType": [scores.feature_types[feature] for feature in leading],
    }
    columns |= connectivity(edges, scores.gene_ids, module_of).to_dict()
    columns |= {f"kME{colours[module]}": memberships[:, n] for n, module in enumerate(scores.module_ids)}
    for trait in traits:
        number = Trait(trait.name, trait.values, ())
        if adjustment is None or not adjustment.parts:
            tests = pearson_test(scores.z[leading], trait.values)
        else:
            tests = adjusted_test(scores.z[leading], number, adjustment)
        columns |= {f"GS.{trait.name}": tests.effect, f"p.GS.{trait.name}": tests.pvalue}
    texts = ("gene_id", "geneSymbol", "moduleColor", "module_id", "featureType")
    table = pl.DataFrame(columns, schema_overrides=dict.fromkeys(texts, pl.String))
    own = [0.0 if m is None else -abs(memberships[g, labels[m] - 1]) for g, m in enumerate(module_of)]
    is_grey = np.array([module is None for module in module_of], dtype=bool)
    order = pl.DataFrame({"grey": is_grey, "label": columns["moduleLabel"], "own": own, "gene": scores.gene_ids})
    return table[order.select(pl.arg_sort_by("grey", "label", "own", "gene")).to_series()]


def eigengene_columns(scores: Scores) -> pl.DataFrame:
    """Return one row a sample: ``sample_id`` and ``ME<colour>`` by module."""
    colours = module_colors(scores.module_ids)
    eigengenes = {f"ME{colours[module]}": scores.eigengenes[n] for n, module in enumerate(scores.module_ids)}
    return pl.DataFrame({"sample_id": scores.sample_ids, **eigengenes}, schema_overrides={"sample_id": pl.String})
