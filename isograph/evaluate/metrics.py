"""How well modules found agree with modules planted; all of them together, as each alone is blind to something.

Modules are given as a mapping from gene to module. A gene that is in no module is not in the mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isograph.kernels._jit import Index, Vector

Modules = Mapping[str, str]
ROLES = ("switch_only", "abundance_only", "coupled", "discordant")


@dataclass(frozen=True, slots=True)
class _Crossing:
    """How often each pair of labels occurs.

    Attributes
    ----------
    first, second : (n_cells,) label numbers of the pairs that occur.
    count : (n_cells,) how often they do.
    first_size, second_size : how often each label occurs.
    """

    first: Index
    second: Index
    count: Index
    first_size: Index
    second_size: Index


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
    for role in ROLES:
        genes = [gene for gene, planted_role in planted.items() if planted_role == role]
        recall[role] = sum(found.get(gene) == role for gene in genes) / len(genes) if genes else None
    return recall


def adjusted_rand(first: Index, second: Index) -> float:
    """Return the adjusted Rand index of two labellings of the same things; 1 where neither divides them, or both all.

    first, second: (n,) label numbers, n ≥ 1. Hubert & Arabie 1985, eq. 5.
    """
    crossing = _crossing(first, second)
    pairs = _pairs(np.array([len(first)]))
    together, of_first, of_second = map(_pairs, (crossing.count, crossing.first_size, crossing.second_size))
    if of_first == of_second and of_first in (0, pairs):
        return 1.0
    chance = of_first * of_second / pairs
    return (together - chance) / ((of_first + of_second) / 2 - chance)


def normalised_information(first: Index, second: Index) -> float:
    """Return the mutual information of two labellings divided by the mean of their entropies, in [0, 1].

    first, second: (n,) label numbers, n ≥ 1. 1 where neither divides the things.
    """
    crossing = _crossing(first, second)
    entropies = _entropy(crossing.first_size) + _entropy(crossing.second_size)
    if entropies == 0:
        return 1.0
    return float(np.clip(2.0 * (entropies - _entropy(crossing.count)) / entropies, 0.0, 1.0))


def _codes(labels: Iterable[object]) -> Index:
    """Return the number of each label, in the order in which they first occur."""
    number: dict[object, int] = {}
    return np.array([number.setdefault(label, len(number)) for label in labels], dtype=np.int64)


def _crossing(first: Index, second: Index) -> _Crossing:
    cells, count = np.unique(np.stack([first, second]), axis=1, return_counts=True)
    return _Crossing(cells[0], cells[1], count, _sizes(first), _sizes(second))


def _sizes(labels: Index) -> Index:
    _, sizes = np.unique(labels, return_counts=True)
    return sizes


def _pairs(sizes: NDArray[np.int64]) -> int:
    """Return how many pairs lie inside groups of these sizes."""
    return int((sizes * (sizes - 1) // 2).sum())


def _entropy(sizes: Index) -> float:
    shares: Vector = sizes / sizes.sum()
    return float(-(shares * np.log(shares)).sum())
