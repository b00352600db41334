"""How well modules found agree with modules planted; all of them together, as each alone is blind to something.

Modules are given as a mapping from gene to module. A gene that is in no module is not in the mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from isograph.arrays import Index
from isograph.schemas.role import ACTIVE_ROLES
from isograph.stats import adjusted_rand, normalised_information

Modules = Mapping[str, str]


def recovery(planted: Modules, found: Modules) -> float | None:
    """Return the mean, over planted modules, of the best Jaccard index with any found module.

    Jaccard is |P ∩ F| / |P ∪ F|; F counts its genes of the background too. 0 where nothing was found, None where
    nothing was planted. Blind to what else was found.
    """
    if not planted:
        return None
    home = dict(zip(planted, _codes(planted.values()).tolist(), strict=True))
    place = dict(zip(found, _codes(found.values()).tolist(), strict=True))
    sizes, found_sizes = np.bincount(list(home.values())), np.bincount(list(place.values()))
    shared = np.array([(home[gene], place[gene]) for gene in planted if gene in found], dtype=np.int64).reshape(-1, 2)
    cells, common = np.unique(shared.T, axis=1, return_counts=True)
    best = np.zeros(len(sizes))
    np.maximum.at(best, cells[0], common / (sizes[cells[0]] + found_sizes[cells[1]] - common))
    return float(best.mean())


def ari(planted: Modules, found: Modules) -> float | None:
    """Return the adjusted Rand index over planted genes; a gene in no found module is a cluster of its own.

    None where nothing was planted. Blind to background that was put in a module.

    References
    ----------
    Hubert & Arabie 1985, J Classif 2:193-218, doi:10.1007/BF01908075, eq. 5.
    """
    if not planted:
        return None
    alone = {gene: (gene, None) for gene in planted if gene not in found}
    labels: list[object] = [alone[gene] if gene in alone else found[gene] for gene in planted]
    return adjusted_rand(_codes(planted.values()), _codes(labels))


def nmi(one: Modules, other: Modules) -> float | None:
    """Return the mutual information over genes in a module of both, divided by the mean of the two entropies.

    1 where both have one and the same module; None where no gene is in a module of both.

    References
    ----------
    Danon et al. 2005, J Stat Mech P09008, doi:10.1088/1742-5468/2005/09/P09008, eq. 2.
    """
    genes = [gene for gene in one if gene in other]
    if not genes:
        return None
    return normalised_information(_codes(one[gene] for gene in genes), _codes(other[gene] for gene in genes))


def background_rate(planted: Modules, found: Modules, genes: Iterable[str]) -> float | None:
    """Return the share of the ``genes`` that were not planted and are in a found module; None without such genes."""
    background = [gene for gene in genes if gene not in planted]
    if not background:
        return None
    return sum(gene in found for gene in background) / len(background)


def role_recall(planted: Mapping[str, str], found: Mapping[str, str]) -> dict[str, float | None]:
    """Return, for each role, the share of the genes planted with it that were found with it.

    A gene that is in no module is missing from ``found`` and counts as missed. None for a role that was not planted.
    """
    recall: dict[str, float | None] = {}
    for role in ACTIVE_ROLES:
        genes = [gene for gene, planted_role in planted.items() if planted_role == role]
        recall[role] = sum(found.get(gene) == role for gene in genes) / len(genes) if genes else None
    return recall


def _codes(labels: Iterable[object]) -> Index:
    """Return the number of each label, in the order in which they first occur."""
    number: dict[object, int] = {}
    return np.array([number.setdefault(label, len(number)) for label in labels], dtype=np.int64)
