"""Module eigengenes with R's standardisation, imputation, sign and fallback."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from isograph.arrays import Flags, Matrix, Vector
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import correlation
from isograph.network.wgcna.good_features import varying
from isograph.network.wgcna.imputation import NEIGHBOURS, impute_knn
from isograph.runtime.threads import single_threaded_blas
from isograph.schemas.color import GREY

Labels = NDArray[Any]
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
    is_principal: Flags

    def at(self, positions: NDArray[Any]) -> ModuleEigengenes:
        """Return the eigengenes at some positions, in that order."""
        return ModuleEigengenes(
            labels=self.labels[positions],
            eigengenes=self.eigengenes[positions],
            average_expression=self.average_expression[positions],
            variance_explained=self.variance_explained[positions],
            is_principal=self.is_principal[positions],
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
    exclude_grey : leave out the features in no module, which are treated as one otherwise.
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
        raise InputError("labels", "there is no module, expected one or more.")
    with single_threaded_blas():
        modules = [_eigengene(features[labels == level], impute=impute, scale=scale) for level in levels]
    eigengenes, averages, explained, principal = zip(*modules, strict=True)
    return ModuleEigengenes(levels, np.stack(eigengenes), np.stack(averages), np.array(explained), np.array(principal))


def is_grey(labels: Labels) -> Flags:
    """Whether each label stands for no module."""
    return np.asarray(labels == (GREY if labels.dtype.kind == "U" else 0))


def _eigengene(values: Matrix, *, impute: bool, scale: bool) -> tuple[Vector, Vector, float, bool]:
    """Return the eigengene of a module, its average, the variance explained and whether it is a component."""
    if impute and len(values) > 1 and np.isnan(values).any():
        # NOTE: as in R, a module that cannot be imputed has no component, and its hub stands in.
        with suppress(InputError):
            values = impute_knn(values, k=min(NEIGHBOURS, len(values) - 1))
    z = standardised(values) if scale else values
    present = ~np.isnan(z)
    with np.errstate(invalid="ignore"):
        average = np.where(present, z, 0.0).sum(axis=0) / present.sum(axis=0)
    principal = bool(np.isfinite(z).all())
    vector = leading_component(z) if principal else _hub_component(z)
    r = correlation(vector[None, :], z)[0]
    explained = float(np.nanmean(np.square(r))) if not np.isnan(r).all() else float("nan")
    agreement = correlation(average[None, :], vector[None, :])[0, 0]
    # NOTE: where the average is flat R leaves the sign of its library; here the largest entry is positive.
    if agreement < 0 or (np.isnan(agreement) and vector[np.nanargmax(np.abs(vector))] < 0):
        vector = -vector
    return vector, average, explained, principal


def standardised(features: Matrix) -> Matrix:
    """Return rows with mean 0 and sample sd 1 over what is present; NaN for rows that do not vary."""
    present = ~np.isnan(features)
    counts = present.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(present, features, 0.0).sum(axis=1, keepdims=True) / counts
        centred = features - means
        sd = np.sqrt(np.square(np.where(present, centred, 0.0)).sum(axis=1, keepdims=True) / (counts - 1))
        scaled: Matrix = np.where(varying(features)[:, None], centred / sd, np.nan)
    return scaled


def leading_component(z: Matrix) -> Vector:
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
    present = ~np.isnan(z)
    filled = np.where(present, z, 0.0)
    counted = present.astype(np.float64)
    # NOTE: means and covariance of each pair are over the samples that both features have.
    common = counted @ counted.T
    sums = filled @ counted.T
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = (filled @ filled.T - sums * sums.T / common) / (common - 1.0)
    covariance[~np.isfinite(covariance)] = 0.0
    weights = np.power(np.power(np.abs(covariance), HUB_POWER).mean(axis=0), 3)
    if weights.max() > 1.0:
        weights -= 1.0
    hub = int(np.argmax(weights))
    terms = z * (weights * np.sign(covariance[:, hub]))[:, None] / weights.sum()
    with np.errstate(invalid="ignore"):
        component: Vector = np.where(present, terms, 0.0).sum(axis=0) / present.sum(axis=0)
    return component
