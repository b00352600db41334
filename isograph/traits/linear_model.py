"""F tests of a trait in a linear model with covariates: the ordinary one, and one that bears unequal variances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Flags, Matrix, Vector
from isograph.stats import FLAT, f_pvalue
from isograph.traits.adjustment import without

FULL_LEVERAGE = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class LinearModelTest:
    """Eigengenes against the directions of a trait.

    Attributes
    ----------
    coefficients : (n_modules, rank) coefficients of the directions.
    share : (n_modules,) of what the covariates leave of the eigengene, the share that the trait explains: partial η².
    statistic, pvalue, dof : (n_modules,) F with ``rank`` and ``dof`` degrees of freedom; NaN where not estimable.
    """

    coefficients: Matrix
    share: Vector
    statistic: Vector
    pvalue: Vector
    dof: Vector


def ordinary_test(eigengenes: Matrix, basis: Matrix, directions: Matrix) -> LinearModelTest:
    """Return the F test of the linear model with a trait against the one without; variances are taken as equal.

    F = (explained / rank) / (residual / dof), the sums of squares those of the eigengene without covariates, dof =
    n − q − rank. For one direction it is t² of the partial correlation √share.

    eigengenes: (n_modules, n). basis: (q, n), orthonormal, spans the constant and the covariates. directions:
    (rank, n), orthonormal, what the covariates leave of the trait. NaN where covariates leave nothing of an eigengene.
    """
    y = without(eigengenes, basis)
    coefficients = y @ directions.T
    explained, left = (coefficients**2).sum(axis=1), ((y - coefficients @ directions) ** 2).sum(axis=1)
    rank, dof = len(directions), y.shape[1] - len(basis) - len(directions)
    varies = _exceed_rounding(y, eigengenes)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(varies, explained / rank / (left / dof), np.nan)
        share = np.where(varies, explained / (explained + left), np.nan)
    dofs = np.where(varies, float(dof), np.nan)
    return LinearModelTest(coefficients, share, statistic, f_pvalue(statistic, rank, dofs), dofs)


def robust_test(eigengenes: Matrix, basis: Matrix, directions: Matrix) -> LinearModelTest | None:
    """Return the F test of a trait in a linear model that bears unequal variances; None where none can be made.

    The covariance S of the coefficients b is HC3, Σ wᵢwᵢᵀ eᵢ² / (1 − hᵢ)², divided by what it is expected to be of
    equal variances, as HC3 is too large for small levels. It is taken as Wishart with the degrees of freedom η that its
    own variance has under equal variances: F = (η − rank + 1) / (η · rank) · bᵀ S⁻¹ b, with rank and η − rank + 1
    degrees of freedom, which for one coefficient is Satterthwaite's t. MacKinnon & White 1985, J Econom 29:305,
    doi:10.1016/0304-4076(85)90158-7; Long & Ervin 2000, Am Stat 54:217, doi:10.1080/00031305.2000.10474549; Bell &
    McCaffrey 2002, Surv Methodol 28:169; Pustejovsky & Tipton 2018, J Bus Econ Stat 36:672,
    doi:10.1080/07350015.2016.1247004.

    eigengenes, basis, directions: as in ``ordinary_test``. None where a coefficient rests on samples that the model
    fits exactly, or η − rank + 1 is not above 0. NaN where the model leaves nothing of an eigengene.
    """
    model = np.concatenate([basis, directions])
    leverage = (model**2).sum(axis=0)
    weight = np.where(leverage < FULL_LEVERAGE, 1.0 / np.maximum(1.0 - leverage, 1.0 - FULL_LEVERAGE) ** 2, 0.0)
    strength, axes = np.linalg.eigh((directions * weight * (1.0 - leverage)) @ directions.T)
    if strength[0] <= FLAT * strength[-1]:
        return None
    scaled = (axes / np.sqrt(strength)) @ axes.T @ directions
    # The sum of the variances of the entries of S, 2 Σᵢⱼ aᵢ aⱼ mᵢⱼ² (wᵢ·wⱼ)², a the weights and m the projection on the
    # residuals, 1 − hᵢ on its diagonal and −xᵢ·xⱼ beside it: no matrix of samples by samples is made.
    products = (model[:, None, :] * scaled).reshape(-1, len(leverage))
    beside = (((products * weight) @ products.T) ** 2).sum()
    diagonal = (weight**2 * (1.0 - 2.0 * leverage) * (scaled**2).sum(axis=0) ** 2).sum()
    rank = len(directions)
    eta = rank * (rank + 1) / (2.0 * float(beside + diagonal))
    dof = eta - rank + 1.0
    if dof <= 0.0:
        return None
    ordinary = ordinary_test(eigengenes, basis, directions)
    residual = without(eigengenes, model)
    covariance = np.einsum("mi,si,ti->mst", residual**2 * weight, scaled, scaled, optimize=True)
    estimable = _exceed_rounding(residual, eigengenes) & (np.linalg.cond(covariance) < 1.0 / FLAT)
    covariance[~estimable] = np.eye(rank)
    solved = np.linalg.solve(covariance, ordinary.coefficients[:, :, None])[:, :, 0]
    wald = (ordinary.coefficients * solved).sum(axis=1)
    statistic = np.where(estimable, dof / (eta * rank) * wald, np.nan)
    dofs, share = np.where(estimable, dof, np.nan), np.where(estimable, ordinary.share, np.nan)
    return LinearModelTest(ordinary.coefficients, share, statistic, f_pvalue(statistic, rank, dofs), dofs)


def _exceed_rounding(left: Matrix, eigengenes: Matrix) -> Flags:
    """Return which rows of what is left of eigengenes are more than their rounding."""
    exceed: Flags = np.linalg.norm(left, axis=1) > FLAT * np.linalg.norm(eigengenes, axis=1)
    return exceed
