"""How well the modules of a fit agree with planted ones; all measures together, as each alone is blind to something.

Modules are given as a mapping from gene to module. A gene that is in no module is not in the mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from isograph.arrays import Index, Vector
from isograph.schemas.role import ACTIVE_ROLES
from isograph.stats import label_numbers, labelling_agreement


def recovery(planted: Mapping[str, str], found: Mapping[str, str]) -> float | None:
    """Return the mean, over planted modules, of the best Jaccard index with any found module.

    0 where nothing was found, None where nothing was planted. Blind to what else was found.
    """
    if not planted:
        return None
    genes = [*planted, *(gene for gene in found if gene not in planted)]
    return float(best_jaccard(label_numbers(planted, genes), label_numbers(found, genes)).mean())


def best_jaccard(reference: Index, labels: Index) -> Vector:
    """Return, for each module of the reference, its largest Jaccard index with a module of ``labels``.

    |R ∩ L| / |R ∪ L|, 0 where they share no gene. reference, labels: (n_genes,) module number, −1 for none.
    """
    sizes, other_sizes = (np.bincount(numbers[numbers >= 0], minlength=1) for numbers in (reference, labels))
    shared, modules, others = shared_genes(reference, labels)
    best = np.zeros(int(reference.max(initial=-1)) + 1)
    np.maximum.at(best, modules, shared / (sizes[modules] + other_sizes[others] - shared))
    return best


def shared_genes(first: Index, second: Index) -> tuple[Vector, Index, Index]:
    """Return how many genes each pair of modules shares that share any, and the numbers of the two modules."""
    both = (first >= 0) & (second >= 0)
    cells, counts = np.unique(np.stack([first[both], second[both]]), axis=1, return_counts=True)
    return counts.astype(np.float64), cells[0], cells[1]


def ari(planted: Mapping[str, str], found: Mapping[str, str]) -> float | None:
    """Return the adjusted Rand index over planted genes; a gene in no found module is a module of its own.

    None where nothing was planted. Blind to background that was put in a module.

    References
    ----------
    Hubert & Arabie 1985, J Classif 2:193-218, doi:10.1007/BF01908075, eq. 5.
    """
    if not planted:
        return None
    genes = list(planted)
    return labelling_agreement(label_numbers(planted, genes), label_numbers(found, genes))[2]


def background_rate(planted: Mapping[str, str], found: Mapping[str, str], genes: Iterable[str]) -> float | None:
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
