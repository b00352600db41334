"""Module eigengenes with R's standardisation, imputation, sign and fallback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from isograph.arrays import Matrix, Vector
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import correlation
from isograph.network.wgcna.imputation import NEIGHBOURS, impute_knn
from isograph.network.wgcna.tree import average_linkage
from isograph.runtime.threads import single_threaded_blas

Labels = NDArray[Any]
GREY = "grey"
HUB_POWER = 6


@dataclass(frozen=True, slots=True)
class ModuleEigengenes:
    """One eigengene per module.

    Attributes
    ----------
    labels : (m,) label of each module.
    eigengenes : (m, n), unit norm where ``is_principal``.
    average_expression : (m, n), mean of the module's standardised features.
    variance_explained : (m,), mean r² of the module's features with the eigengene.
    is_principal : (m,), False where the features near the hub stand in for a principal component.
    """

    labels: Labels
    eigengenes: Matrix
    average_expression: Matrix
    variance_explained: Vector
    is_principal: NDArray[np.bool_]

    def taken(self, chosen: NDArray[Any]) -> ModuleEigengenes:
        """Return the eigengenes of the chosen positions, in their order."""
        return ModuleEigengenes(
            labels=self.labels[chosen],
            eigengenes=self.eigengenes[chosen],
            average_expression=self.average_expression[chosen],
            variance_explained=self.variance_explained[chosen],
            is_principal=self.is_principal[chosen],
        )


def module_eigengenes(
    features: Matrix, labels: Labels, *, exclude_grey: bool = False, impute: bool = True, scale: bool = True
) -> ModuleEigengenes:
    """Return the first principal component of each module over samples; R: ``moduleEigengenes``.

    Features are standardised, missing values imputed from the module before that, and the sign makes the eigengene
    correlate positively with the module's average. Where there is no principal component (a constant feature, a sample
    that nearly all features lack), the weighted mean of the features near the hub stands in for it.
    Langfelder & Horvath 2007, doi:10.1186/1752-0509-1-54.

    Parameters
    ----------
    features : (p, n), NaN where missing.
    labels : (p,), numbers (0: no module) or colour names (grey: no module).
    exclude_grey : leave out the features in no module, which else are treated as one.
    impute : fill in missing values.
    scale : standardise.

    Raises
    ------
    InputError
        There is no module.
    """
    levels = np.unique(labels)
    if exclude_grey:
        levels = levels[~is_grey(levels)]
    if len(levels) == 0:
        raise InputError("labels", ["there is no module, expected one or more."])
    with single_threaded_blas():
        found = [_eigengene(features[labels == level], impute=impute, scale=scale) for level in levels]
    return ModuleEigengenes(
        labels=levels,
        eigengenes=np.stack([one[0] for one in found]),
        average_expression=np.stack([one[1] for one in found]),
        variance_explained=np.array([one[2] for one in found]),
        is_principal=np.array([one[3] for one in found]),
    )


def is_grey(labels: Labels) -> NDArray[np.bool_]:
    """Whether each label stands for no module."""
    grey: NDArray[np.bool_] = labels == (GREY if labels.dtype.kind == "U" else 0)
    return grey


def leaf_order(eigengenes: Matrix) -> NDArray[np.int64]:
    """Return the eigengenes' order in the average-linkage tree of 1 − r between them; R: ``orderMEs``."""
    if len(eigengenes) < 2:
        return np.arange(len(eigengenes))
    return average_linkage(1.0 - correlation(eigengenes)).order


def _eigengene(values: Matrix, *, impute: bool, scale: bool) -> tuple[Vector, Vector, float, bool]:
    """Return the eigengene of a module, its average, the variance explained and whether it is a component."""
    complete = not np.isnan(values).any()
    if impute and not complete and len(values) > 1:
        try:
            values = impute_knn(values, k=min(NEIGHBOURS, len(values) - 1))
        except InputError:
            complete = False
        else:
            complete = not np.isnan(values).any()
    z = _standardised(values) if scale else values
    there = ~np.isnan(z)
    with np.errstate(invalid="ignore"):
        average = np.where(there, z, 0.0).sum(axis=0) / there.sum(axis=0)
    principal = bool(complete and np.isfinite(z).all())
    vector = _leading_component(z) if principal else _hub_component(z)
    r = correlation(vector[None, :], z)[0]
    explained = float(np.nanmean(np.square(r))) if not np.isnan(r).all() else float("nan")
    agreement = correlation(average[None, :], vector[None, :])[0, 0]
    if agreement < 0 or (np.isnan(agreement) and vector[np.nanargmax(np.abs(vector))] < 0):
        vector = -vector
    return vector, average, explained, principal


def _standardised(values: Matrix) -> Matrix:
    """Return rows with mean 0 and sample sd 1 over what is present; NaN for rows that do not vary."""
    there = ~np.isnan(values)
    counts = there.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(there, values, 0.0).sum(axis=1, keepdims=True) / counts
        centred = values - means
        sd = np.sqrt(np.square(np.where(there, centred, 0.0)).sum(axis=1, keepdims=True) / (counts - 1))
        lowest = np.min(values, axis=1, where=there, initial=np.inf, keepdims=True)
        highest = np.max(values, axis=1, where=there, initial=-np.inf, keepdims=True)
        scaled: Matrix = np.where(highest > lowest, centred / sd, np.nan)
    return scaled


def _leading_component(z: Matrix) -> Vector:
    """Return the first right singular vector of z, from the smaller of its two Gram matrices."""
    p, n = z.shape
    gram = z.T @ z if n <= p else z @ z.T
    last = len(gram) - 1
    vector: Vector = scipy.linalg.eigh(gram, subset_by_index=[last, last])[1][:, 0]
    if n > p:
        vector = z.T @ vector
    return vector / np.linalg.norm(vector)


def _hub_component(z: Matrix) -> Vector:
    """Return the mean of the features weighted by how closely they follow each other, signs as the hub's."""
    there = ~np.isnan(z)
    filled = np.where(there, z, 0.0)
    present = there.astype(np.float64)
    common = present @ present.T
    sums = filled @ present.T
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = (filled @ filled.T - sums * sums.T / common) / (common - 1.0)
    covariance[~np.isfinite(covariance)] = 0.0
    weights = np.power(np.power(np.abs(covariance), HUB_POWER).mean(axis=0), 3)
    if weights.max() > 1.0:
        weights -= 1.0
    hub = int(np.argmax(weights))
    terms = z * (weights * np.sign(covariance[:, hub]))[:, None] / weights.sum()
    with np.errstate(invalid="ignore"):
        component: Vector = np.where(there, terms, 0.0).sum(axis=0) / there.sum(axis=0)
    return component
