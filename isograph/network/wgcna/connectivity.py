"""What each feature is to each module: kME, connectivity inside and outside, hubs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.config.wgcna import NETWORK_TYPES, canonical
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import PEARSON, CorrelationOptions, correlation
from isograph.network.wgcna.eigengene import Labels, is_grey
from isograph.network.wgcna.good_features import MIN_SAMPLES
from isograph.network.wgcna.tom import adjacency

MIN_MODULE = 3
HUB_POWER = 2.0
SOFT_POWERS = {"unsigned": 6.0, "signed": 15.0, "signed hybrid": 6.0}


@dataclass(frozen=True, slots=True)
class IntramodularConnectivity:
    """Sums of adjacencies; R: ``intramodularConnectivity``.

    Attributes
    ----------
    k_total, k_within, k_out, k_diff : (p,), with all features, those of the same module, the others, and the
        difference of the last two.
    """

    k_total: Vector
    k_within: Vector
    k_out: Vector
    k_diff: Vector


def signed_kme(
    features: Matrix, eigengenes: Matrix, *, options: CorrelationOptions = PEARSON, threads: int = 1
) -> Matrix:
    """Return the correlation of every feature with every eigengene; R: ``signedKME``.

    Horvath & Dong 2008, doi:10.1371/journal.pcbi.1000117, eq. 13.

    Parameters
    ----------
    features : (p, n), NaN where missing.
    eigengenes : (m, n).

    Returns
    -------
    (p, m) in [−1, 1]; NaN for features that are constant or have fewer than 4 values.
    """
    kme = correlation(features, eigengenes, options=options, threads=threads)
    kme[(~np.isnan(features)).sum(axis=1) < MIN_SAMPLES] = np.nan
    return kme


def intramodular_connectivity(
    adjacency: Matrix, labels: Labels, *, scale_by_max: bool = False
) -> IntramodularConnectivity:
    """Return each feature's connectivity in all and in its own module; R: ``intramodularConnectivity``.

    Parameters
    ----------
    adjacency : (p, p), symmetric; its diagonal is not read and missing values are passed over.
    labels : (p,); the features in no module count as one. A module of fewer than 3 features has connectivity 0.
    scale_by_max : divide by the largest connectivity of the module; what is outside is then NaN.
    """
    a = np.where(np.isnan(adjacency), 0.0, adjacency)
    np.fill_diagonal(a, 0.0)
    total = a.sum(axis=0)
    within = np.zeros(len(a))
    for level in np.unique(labels):
        members = np.flatnonzero(labels == level)
        if len(members) >= MIN_MODULE:
            inside = a[np.ix_(members, members)].sum(axis=0)
            within[members] = inside / inside.max() if scale_by_max else inside
    out = np.full(len(a), np.nan) if scale_by_max else total - within
    return IntramodularConnectivity(k_total=total, k_within=within, k_out=out, k_diff=within - out)


def edge_connectivity(source: Index, target: Index, weight: Vector, labels: Labels) -> IntramodularConnectivity:
    """Return the ``intramodular_connectivity`` of a network given as edges, each |weight| counted at both of its ends.

    source, target, weight: (n_edges,). labels: (p,); a module of fewer than 3 features has connectivity 0.
    """
    _, module, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    strength = np.abs(weight)
    inside = np.where((module[source] == module[target]) & (sizes[module[source]] >= MIN_MODULE), strength, 0.0)
    total, within = (
        np.asarray(np.bincount(source, values, len(labels)) + np.bincount(target, values, len(labels)), np.float64)
        for values in (strength, inside)
    )
    out = total - within
    return IntramodularConnectivity(k_total=total, k_within=within, k_out=out, k_diff=within - out)


def soft_connectivity(
    features: Matrix,
    *,
    network_type: str = "unsigned",
    power: float | None = None,
    options: CorrelationOptions = PEARSON,
    threads: int = 1,
) -> Vector:
    """Return the sum of each feature's adjacencies; R: ``softConnectivity``. NaN for features with too few values.

    power: None for 6, or 15 in a signed network.
    """
    b = SOFT_POWERS.get(canonical(network_type, NETWORK_TYPES), 6.0) if power is None else power
    k = np.nansum(adjacency(features, network_type=network_type, power=b, options=options, threads=threads), axis=0)
    enough = (~np.isnan(features)).sum(axis=1) >= max(MIN_SAMPLES, features.shape[1] / 3)
    return np.where(enough, k - 1.0, np.nan)


def top_hubs(
    features: Matrix,
    labels: Labels,
    *,
    network_type: str = "signed",
    power: float = HUB_POWER,
    options: CorrelationOptions = PEARSON,
) -> dict[object, int]:
    """Return the number of the feature with the largest connectivity in each module; R: ``chooseTopHubInEachModule``.

    labels: (p,), numbers (0: no module) or colour names (grey: no module); what is in no module has no hub.

    Raises
    ------
    InputError
        A module has a single feature.
    """
    levels, sizes = np.unique(labels, return_counts=True)
    proper = ~is_grey(levels)
    if single := [str(level) for level in levels[proper & (sizes < 2)]]:
        raise InputError("labels", f"{len(single)} modules with a single feature: {', '.join(single[:5])}.")
    hubs: dict[object, int] = {}
    for level in levels[proper]:
        members = np.flatnonzero(labels == level)
        a = adjacency(features[members], network_type=network_type, power=power, options=options)
        hubs[level.item()] = int(members[np.argmax(np.nansum(a, axis=1))])
    return hubs
