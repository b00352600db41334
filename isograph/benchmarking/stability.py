"""Stability selection: what of a result is found again in halves of the samples.

Halves come in pairs without a sample in common, so that the agreement inside a pair is that of two independent studies
of half the size.

Shah & Samworth 2013, J R Stat Soc B 75:55-80, doi:10.1111/j.1467-9868.2011.01034.x, section 2;
Meinshausen & Bühlmann 2010, J R Stat Soc B 72:417-473, doi:10.1111/j.1467-9868.2010.00740.x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from isograph.arrays import Index, Vector
from isograph.stats import adjusted_rand, normalised_information

FREQUENT = (0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Division:
    """What one fit found, over a fixed list of genes.

    Attributes
    ----------
    module_of : (n_genes,) module number, −1 for none.
    edges : (n_edges,) distinct, ascending; first gene × n_genes + second gene.
    module_ids : name of each module.
    """

    module_of: Index
    edges: Index
    module_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much the two halves of each split agree.

    Attributes
    ----------
    ari, nmi : (n_splits,) over the genes in a module of both halves; NaN where there is none.
    ari_of_all : (n_splits,) adjusted Rand index over the genes in a module of either half, a gene in none being a
        module of its own; 0 where no gene is in one. Finding less does not raise it.
    share_in_both : (n_splits,) share of all genes that are in a module of both halves.
    n_modules : (n_splits,) modules of a half, mean of the two.
    """

    ari: Vector
    nmi: Vector
    ari_of_all: Vector
    share_in_both: Vector
    n_modules: Vector


def sample_halves(n_samples: int, n_splits: int, *, seed: int) -> list[tuple[Index, Index]]:
    """Return ``n_splits`` random pairs of disjoint halves of the samples, each ascending.

    With an odd number of samples one is left out of each split.
    """
    halves = []
    for split in range(n_splits):
        order = np.random.default_rng([seed, split]).permutation(n_samples)
        half = n_samples // 2
        halves.append((np.sort(order[:half]), np.sort(order[half : 2 * half])))
    return halves


def agreement(splits: Sequence[tuple[Division, Division]]) -> Agreement:
    """Return how much the two divisions of each split agree."""
    measures = np.array([_pair_agreement(one.module_of, other.module_of) for one, other in splits])
    return Agreement(*np.ascontiguousarray(measures.T))


def _pair_agreement(one: Index, other: Index) -> tuple[float, float, float, float, float]:
    both = (one >= 0) & (other >= 0)
    either = (one >= 0) | (other >= 0)
    ari = adjusted_rand(one[both], other[both]) if both.any() else np.nan
    nmi = normalised_information(one[both], other[both]) if both.any() else np.nan
    ari_of_all = adjusted_rand(_singled(one)[either], _singled(other)[either]) if either.any() else 0.0
    n_modules = (len(np.unique(one[one >= 0])) + len(np.unique(other[other >= 0]))) / 2
    return ari, nmi, ari_of_all, float(both.mean()), n_modules


def _singled(module_of: Index) -> Index:
    """Return the labels with every −1 replaced by a number of its own."""
    return np.where(module_of >= 0, module_of, len(module_of) + np.arange(len(module_of)))


def edge_frequencies(reference: Index, divisions: Sequence[Division]) -> Vector:
    """Return, for each edge of the reference, the share of the divisions that have it."""
    found = np.zeros(len(reference))
    for division in divisions:
        found += np.isin(reference, division.edges, assume_unique=True)
    return found / max(1, len(divisions))


def co_assignment(reference: Index, divisions: Sequence[Division]) -> Vector:
    """Return, for each module of the reference, the mean share of its gene pairs that a division keeps in one module.

    reference: (n_genes,) module number, −1 for none. A pair with a gene in no module is not kept.
    """
    n_modules = int(reference.max(initial=-1)) + 1
    sizes = np.bincount(reference[reference >= 0], minlength=n_modules)
    kept = np.zeros(n_modules)
    for division in divisions:
        counts, modules, _ = _common_genes(reference, division.module_of)
        np.add.at(kept, modules, counts * (counts - 1) / 2)
    return kept / np.maximum(1, len(divisions) * sizes * (sizes - 1) / 2)


def best_jaccard(reference: Index, divisions: Sequence[Division]) -> Vector:
    """Return, for each module of the reference, the mean over divisions of its best Jaccard index with a module.

    Hennig 2007, Comput Stat Data Anal 52:258-271, doi:10.1016/j.csda.2006.11.025, section 2.
    """
    n_modules = int(reference.max(initial=-1)) + 1
    sizes = np.bincount(reference[reference >= 0], minlength=n_modules)
    total = np.zeros(n_modules)
    for division in divisions:
        counts, modules, partners = _common_genes(reference, division.module_of)
        partner_sizes = np.bincount(division.module_of[division.module_of >= 0], minlength=1)
        best = np.zeros(n_modules)
        np.maximum.at(best, modules, counts / (sizes[modules] + partner_sizes[partners] - counts))
        total += best
    return total / max(1, len(divisions))


def _common_genes(reference: Index, found: Index) -> tuple[Vector, Index, Index]:
    """Return how many genes each crossing pair of modules shares, and the pair's module numbers."""
    both = (reference >= 0) & (found >= 0)
    cells, counts = np.unique(np.stack([reference[both], found[both]]), axis=1, return_counts=True)
    return counts.astype(np.float64), cells[0], cells[1]


def most_reproducible(scores: Mapping[float, Vector], default: float) -> float:
    """Return the setting whose halves agree best, unless the default's agree as well within the error of the mean.

    scores: for each setting, (n_splits,) agreement of the two halves of each split, the same splits for all. Another
    setting than the default is returned only if its mean is larger by more than one standard error of the difference.
    """
    best = max(scores, key=lambda setting: (float(scores[setting].mean()), setting == default))
    gain = scores[best] - scores[default]
    error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else np.inf
    return best if best != default and float(gain.mean()) > error else default
