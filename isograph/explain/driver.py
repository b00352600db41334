"""Which genes follow a module, in order of how closely."""

from __future__ import annotations

import polars as pl

from isograph.explain.feature import Association, Features
from isograph.explain.significance import correlation_interval
from isograph.schemas.explanation import GENE_DRIVER_TABLE


def gene_driver_table(features: Features, association: Association, members: pl.Series, *, module: int) -> pl.LazyFrame:
    """Return the ``gene_driver_table`` of one module: every gene with its feature of the largest |r|.

    Every feature of every gene is tested, and q is over all these tests, so that choosing a gene's best feature does
    not flatter it. Genes of the module are among them by construction: for these p says how tight they are, not
    whether they belong.

    members: gene ids of the module.
    """
    columns = association.columns(module)
    low, high = correlation_interval(association.r[:, module], association.dof(module))
    tested = features.rows.select("gene_id", "feature_id", "feature_type").with_columns(
        *(pl.Series(name, values) for name, values in {**columns, "r_low": low, "r_high": high}.items()),
    )
    strength = pl.col("r").abs().fill_nan(-1.0)
    return (
        tested.lazy()
        .sort(strength.neg(), "feature_id")
        .unique("gene_id", keep="first", maintain_order=True)
        .with_columns(in_module=pl.col("gene_id").is_in(members.implode()))
        .select(list(GENE_DRIVER_TABLE.schema))
    )
