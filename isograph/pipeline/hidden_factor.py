"""What a fit says about the hidden confounders it found."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import polars as pl

from isograph.network.result import Confounder
from isograph.network.tables import factor_ids
from isograph.pipeline.fit_config import Request
from isograph.traits.association import multiple_r
from isograph.traits.trait import read_traits

logger = logging.getLogger(__name__)


def hidden_factor_rows(
    found: Sequence[Confounder], samples: pl.DataFrame, request: Request, covariates: Sequence[str]
) -> list[dict[str, object]]:
    """Return what is known of each hidden confounder, with its multiple correlation with every trait and covariate."""
    if not found:
        return []
    columns = read_traits(samples.select("sample_id", *covariates), (), ()).traits
    scores = np.array([confounder.score for confounder in found])
    r = {trait.name: multiple_r(scores, trait) for trait in (*columns, *request.traits.traits)}
    rows: list[dict[str, object]] = []
    for number, (factor_id, confounder) in enumerate(zip(factor_ids(found), found, strict=True)):
        known = {name: float(values[number]) for name, values in r.items() if np.isfinite(values[number])}
        strongest = max(known, key=lambda name: known[name], default=None)
        near = f"; closest column: {strongest} (r {known[strongest]:.2f})" if strongest is not None else ""
        logger.info(
            "hidden confounder %s %s: %d features of %d modules%s",
            factor_id,
            "removed" if confounder.removed else "left in",
            confounder.n_features,
            confounder.n_modules,
            near,
        )
        rows.append(
            {
                "factor_id": factor_id,
                "removed": confounder.removed,
                "n_features": confounder.n_features,
                "n_modules": confounder.n_modules,
                "bic_change": round(confounder.bic_change, 6),
                "r": {name: round(value, 6) for name, value in known.items()},
            }
        )
    return rows
