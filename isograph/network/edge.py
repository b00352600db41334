"""The gene graph: for every pair of genes its strongest pair of features."""

from __future__ import annotations

import numpy as np
import polars as pl

from isograph.features.channel import Channels
from isograph.network.result import Network
from isograph.schemas import EDGES


def gene_edges(channels: Channels, network: Network) -> pl.DataFrame:
    """Return the ``edges`` table of the network: one row per gene pair, weight the r of its strongest feature pair.

    Among feature pairs of equal |r| the one with the lower feature numbers stands for the genes.
    """
    genes = channels.gene_of
    swapped = genes[network.source] > genes[network.target]
    source = np.where(swapped, network.target, network.source)
    target = np.where(swapped, network.source, network.target)
    order = np.lexsort((target, source, -np.abs(network.weight), genes[target], genes[source]))
    source, target = source[order], target[order]
    pair = genes[source] * np.int64(len(channels.gene_ids)) + genes[target]
    strongest = np.ones(len(order), dtype=bool)
    strongest[1:] = pair[1:] != pair[:-1]
    source, target, chosen = source[strongest], target[strongest], order[strongest]
    gene_ids = pl.Series(channels.gene_ids, dtype=pl.String)
    feature_ids = pl.Series(channels.feature_ids, dtype=pl.String)
    feature_types = pl.Series(channels.feature_types, dtype=pl.String)
    return pl.DataFrame(
        {
            "source": gene_ids.gather(genes[source]),
            "target": gene_ids.gather(genes[target]),
            "weight": network.weight[chosen],
            "source_feature_id": feature_ids.gather(source),
            "target_feature_id": feature_ids.gather(target),
            "source_feature_type": feature_types.gather(source),
            "target_feature_type": feature_types.gather(target),
            "similarity": network.similarity[chosen],
        },
        schema=EDGES.schema,
    )
