"""Eigengenes of a partition and every feature's membership in its community."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.kernels._jit import Index, Matrix, Vector
from isograph.runtime.threads import run_chunks

ROWS_PER_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Eigengenes:
    """First principal component of each community.

    Attributes
    ----------
    eigengenes : (n_communities, n_samples), unit norm, mean 0.
    explained : (n_communities,) share of the community's variance.
    kme : (n_features,) signed r of each feature with the eigengene of its community, NaN where it has none.
    """

    eigengenes: Matrix
    explained: Vector
    kme: Vector


def community_eigengenes(z: Matrix, community_of: Index, n_communities: int, *, threads: int) -> Eigengenes:
    """Return the eigengene of every community and each member's kME.

    z: (p, n), rows with mean 0. community_of: (p,) in [0, n_communities), −1 for none; no community is empty.
    """
    from isograph.kernels.eigengene import eigengenes, kme

    sizes = np.bincount(community_of[community_of >= 0], minlength=n_communities)
    members = np.argsort(community_of, kind="stable")[np.count_nonzero(community_of < 0) :]
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes, dtype=np.int64)])
    components = np.empty((n_communities, z.shape[1]))
    explained = np.empty(n_communities)
    membership = np.empty(z.shape[0])

    def components_task(start: int, stop: int) -> None:
        eigengenes(z, members, offsets, start, stop, components, explained)

    def membership_task(start: int, stop: int) -> None:
        kme(z, components, community_of, start, stop, membership)

    run_chunks(components_task, n_communities, chunk=1, threads=threads)
    run_chunks(membership_task, z.shape[0], chunk=ROWS_PER_CHUNK, threads=threads)
    return Eigengenes(components, explained, membership)
