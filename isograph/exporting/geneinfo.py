"""The gene table and the eigengene table that WGCNA scripts expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from isograph.exporting.membership import Scores, connectivity, gene_memberships, leading_features
from isograph.schemas.color import GREY, module_colors
from isograph.traits.association import pearson_test
from isograph.traits.trait import Trait


def gene_info(
    scores: Scores, modules: pl.DataFrame, edges: pl.DataFrame, names: Mapping[str, str], traits: Sequence[Trait]
) -> pl.DataFrame:
    """Return one row a gene with a feature.

    ``moduleColor``, ``moduleLabel`` (0 and grey: in no module), ``kTotal`` … ``kDiff`` over the edges of the fit,
    ``kME<colour>`` by module, and ``GS.<trait>``, ``p.GS.<trait>``: Pearson r of the gene's feature with the trait and
    its two-sided p. Ordered by label, grey last, then |kME| with the own module, then gene.

    names: gene → symbol. traits: numbers, or two levels as 0 and 1.
    """
    colours = module_colors(scores.module_ids)
    home = dict(modules.select("gene_id", "module_id").iter_rows())
    labels = {module: number for number, module in enumerate(scores.module_ids, start=1)}
    memberships = gene_memberships(scores)
    leading = leading_features(scores, modules)
    module_of = [home.get(gene) for gene in scores.gene_ids]
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
        tests = pearson_test(scores.z[leading], trait.values)
        columns |= {f"GS.{trait.name}": tests.effect, f"p.GS.{trait.name}": tests.pvalue}
    own = [0.0 if m is None else -abs(memberships[g, labels[m] - 1]) for g, m in enumerate(module_of)]
    texts = ("gene_id", "geneSymbol", "moduleColor", "module_id", "featureType")
    table = pl.DataFrame(columns, schema_overrides=dict.fromkeys(texts, pl.String))
    is_grey = np.array([module is None for module in module_of], dtype=bool)
    order = pl.DataFrame({"grey": is_grey, "label": columns["moduleLabel"], "own": own, "gene": scores.gene_ids})
    return table[order.select(pl.arg_sort_by("grey", "label", "own", "gene")).to_series()]


def eigengene_columns(scores: Scores) -> pl.DataFrame:
    """Return one row a sample: ``sample_id`` and ``ME<colour>`` by module."""
    colours = module_colors(scores.module_ids)
    eigengenes = {f"ME{colours[module]}": scores.eigengenes[n] for n, module in enumerate(scores.module_ids)}
    return pl.DataFrame({"sample_id": scores.sample_ids, **eigengenes}, schema_overrides={"sample_id": pl.String})
