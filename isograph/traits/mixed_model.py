"""Tests of a trait where samples of one individual are not independent: a linear model with a random intercept.

Eigengene = covariates + trait + an effect of the individual + noise; the last two are normal with a variance each. What
differs between individuals is tested against the variation between individuals, what differs within them against the
variation within, and a trait that does both against the mixture that it has of the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.stats import FLAT, f_pvalue
from isograph.traits.adjustment import RANK_TOLERANCE, without

# Ratios of the variance between individuals to that within which the search starts from; 0 is tried as well.
RATIOS = np.concatenate([[0.0], np.logspace(-4.0, 6.0, 101)])
SEARCH_STEPS = 60
GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
SMALLEST_MOMENT = 1e-10


@dataclass(frozen=True, slots=True)
class MixedModelTest:
    """Eigengenes against the directions of a trait.

    Attributes
    ----------
    coefficients : (n_modules, rank) generalised least squares coefficients of the directions.
    statistic, pvalue, dof : (n_modules,) F with ``rank`` and ``dof`` degrees of freedom; NaN where not estimable.
    ratio : (n_modules,) variance between individuals in units of that within.
    """

    coefficients: Matrix
    statistic: Vector
    pvalue: Vector
    dof: Vector
    ratio: Vector


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Residuals of the fixed effects in coordinates in which their covariance σ² (1 + ratio · eigenvalue) is diagonal.

    Attributes
    ----------
    eigenvalues : (k,) of the individuals' part, above 0.
    squares : (n_modules, k) squared coordinates that belong to them.
    rest : (n_modules,) sum of the squares of the other coordinates, whose eigenvalue is 0.
    n_rest : how many other coordinates there are.
    """

    eigenvalues: Vector
    squares: Matrix
    rest: Vector
    n_rest: int


def mixed_model_test(eigengenes: Matrix, basis: Matrix, directions: Matrix, individual_of: Index) -> MixedModelTest:
    """Return Kenward and Roger's F of a trait in a linear model with a random intercept of each individual, by REML.

    The degrees of freedom are those of the variances that the trait is tested against. They are taken from the expected
    information also where the variance between individuals is estimated as 0. Kenward & Roger 1997, Biometrics 53:983,
    doi:10.2307/2533558; REML by eigenvalues: Kang et al. 2008, Genetics 178:1709, doi:10.1534/genetics.107.080101.

    eigengenes: (n_modules, n). basis: (q, n), orthonormal, spans the constant and the covariates. directions:
    (rank, n), orthonormal, what the covariates leave of the trait. individual_of: (n,) numbers of individuals, from 0.
    NaN where nothing is left within individuals.
    """
    model = np.concatenate([basis, directions])
    spectrum = residual_spectrum(eigengenes, model, individual_of)
    ratio = variance_ratio(spectrum)
    dof = len(spectrum.eigenvalues) + spectrum.n_rest
    within = spectrum.squares / (1.0 + ratio[:, None] * spectrum.eigenvalues)
    variance = (within.sum(axis=1) + spectrum.rest) / dof
    estimable = spectrum.rest > (FLAT * np.linalg.norm(eigengenes, axis=1)) ** 2
    variance = np.where(estimable, variance, 1.0)
    fixed = _FixedEffects(model, individual_of, ratio, variance)
    coefficients = fixed.coefficients(eigengenes)[:, -len(directions) :]
    spread = variance_covariance(spectrum, ratio, variance)
    statistic, dofs = _kenward_roger(coefficients, fixed, spread)
    pvalue = f_pvalue(statistic, len(directions), dofs)
    statistic, pvalue, dofs = (np.where(estimable, values, np.nan) for values in (statistic, pvalue, dofs))
    return MixedModelTest(coefficients, statistic, pvalue, dofs, ratio)


def residual_spectrum(eigengenes: Matrix, model: Matrix, individual_of: Index) -> Spectrum:
    """Return the residuals of a model by what they say of individuals.

    model: (p, n), orthonormal rows.
    """
    residual = without(eigengenes, model)
    members = _members(individual_of)
    _, strength, axes = np.linalg.svd(without(members, model), full_matrices=False)
    is_left = strength > RANK_TOLERANCE * np.sqrt(members.sum(axis=1).max())
    axes = axes[is_left]
    projected = residual @ axes.T
    rest = ((residual - projected @ axes) ** 2).sum(axis=1)
    n_rest = model.shape[1] - len(model) - len(axes)
    return Spectrum(strength[is_left] ** 2, projected**2, rest, n_rest)


def variance_ratio(spectrum: Spectrum) -> Vector:
    """Return the REML estimate of the variance between individuals over that within, for each module.

    The restricted likelihood is largest where (k + n_rest) log(Σ squares / (1 + ratio · eigenvalue) + rest) +
    Σ log(1 + ratio · eigenvalue) is smallest: a grid, then a golden-section search between the neighbours of its best.
    """
    dof = len(spectrum.eigenvalues) + spectrum.n_rest

    def deviance(ratio: Vector) -> Vector:
        growth = 1.0 + ratio[:, None] * spectrum.eigenvalues
        total = (spectrum.squares / growth).sum(axis=1) + spectrum.rest
        with np.errstate(divide="ignore"):
            result: Vector = dof * np.log(total) + np.log(growth).sum(axis=1)
        return result

    n_modules = len(spectrum.rest)
    best = np.argmin([deviance(np.full(n_modules, ratio)) for ratio in RATIOS], axis=0)
    low, high = RATIOS[np.maximum(best - 1, 0)], RATIOS[np.minimum(best + 1, len(RATIOS) - 1)]
    for _ in range(SEARCH_STEPS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        is_left = deviance(left) < deviance(right)
        low, high = np.where(is_left, low, left), np.where(is_left, right, high)
    ratio = (low + high) / 2.0
    none = np.zeros(n_modules)
    return np.where((best == 0) & (deviance(none) <= deviance(ratio)), none, ratio)


def variance_covariance(spectrum: Spectrum, ratio: Vector, variance: Vector) -> Matrix:
    """Return the covariance of the estimated variances, within and between: (n_modules, 2, 2).

    The inverse of the expected restricted information, ½ tr(P Vᵢ P Vⱼ).
    """
    inverse = 1.0 / (variance[:, None] * (1.0 + ratio[:, None] * spectrum.eigenvalues))
    within = 0.5 * ((inverse**2).sum(axis=1) + spectrum.n_rest / variance**2)
    both = 0.5 * (spectrum.eigenvalues * inverse**2).sum(axis=1)
    between = 0.5 * ((spectrum.eigenvalues * inverse) ** 2).sum(axis=1)
    determinant = within * between - both**2
    covariance: Matrix = np.array([[between, -both], [-both, within]]) / determinant
    return covariance.transpose(2, 0, 1)


class _FixedEffects:
    """Generalised least squares of the rows of a model, with the pieces of Kenward and Roger's formulas.

    Every matrix of them is XᵀV⁻¹…X. V⁻¹ divides what differs within individuals by the variance and the mean of an
    individual with n samples by variance · (1 + ratio · n), so that each is the sum of a part within, the same for all
    modules, and of the individuals' means, weighted.
    """

    def __init__(self, model: Matrix, individual_of: Index, ratio: Vector, variance: Vector) -> None:
        self.members = _members(individual_of)
        self.sizes = self.members.sum(axis=1)
        self.means = model @ self.members.T / self.sizes
        self.deviations = model - self.means @ self.members
        self.shrinkage = 1.0 / (1.0 + ratio[:, None] * self.sizes)
        within = self.deviations @ self.deviations.T
        n, g, s = self.sizes, self.shrinkage, variance[:, None, None]
        self.unscaled = np.linalg.inv(within + self._weighted(n * g))
        self.covariance = self.unscaled * s
        self.first = -np.array([within + self._weighted(n * g**2), self._weighted(n**2 * g**2)]) / s**2
        q11, q12, q22 = within + self._weighted(n * g**3), self._weighted(n**2 * g**3), self._weighted(n**3 * g**3)
        self.second = np.array([[q11, q12], [q12, q22]]) / s**3

    def _weighted(self, weights: Matrix) -> Matrix:
        """Return Σ weight · mean · meanᵀ over individuals: (n_modules, p, p). weights: (n_modules, n_individuals)."""
        total: Matrix = np.einsum("pm,km,rm->kpr", self.means, weights, self.means, optimize=True)
        return total

    def coefficients(self, eigengenes: Matrix) -> Matrix:
        """Return the coefficients of all rows of the model: (n_modules, p)."""
        means = eigengenes @ self.members.T / self.sizes
        within = (eigengenes - means @ self.members) @ self.deviations.T
        scores = within + (means * self.sizes * self.shrinkage) @ self.means.T
        solved: Matrix = (self.unscaled @ scores[:, :, None])[:, :, 0]
        return solved


def _members(individual_of: Index) -> Matrix:
    """Return the indicators of the individuals: (n_individuals, n)."""
    return np.equal(np.arange(individual_of.max() + 1)[:, None], individual_of).astype(np.float64)


def _kenward_roger(coefficients: Matrix, fixed: _FixedEffects, spread: Matrix) -> tuple[Vector, Vector]:
    """Return F of the last coefficients of the model and its degrees of freedom.

    spread: (n_modules, 2, 2), covariance of the variances. Names follow Kenward & Roger 1997, section 3, with l the
    number of coefficients tested.
    """
    rank = coefficients.shape[1]
    phi, p = fixed.covariance, fixed.first
    lam = np.zeros_like(phi)
    for i in range(2):
        for j in range(2):
            lam += spread[:, i, j, None, None] * (fixed.second[i, j] - p[i] @ phi @ p[j])
    adjusted = (phi + 2.0 * phi @ lam @ phi)[:, -rank:, -rank:]
    inverse = np.linalg.inv(phi[:, -rank:, -rank:])
    parts = [inverse @ (phi @ piece @ phi)[:, -rank:, -rank:] for piece in p]
    traces = [np.trace(part, axis1=1, axis2=2) for part in parts]
    a1, a2 = np.zeros(len(phi)), np.zeros(len(phi))
    for i in range(2):
        for j in range(2):
            a1 += spread[:, i, j] * traces[i] * traces[j]
            a2 += spread[:, i, j] * np.einsum("kst,kts->k", parts[i], parts[j])
    scale, dof = _moments(a1, a2, rank)
    wald = (coefficients * np.linalg.solve(adjusted, coefficients[:, :, None])[:, :, 0]).sum(axis=1)
    return scale * wald / rank, dof


def _moments(a1: Vector, a2: Vector, rank: int) -> tuple[Vector, Vector]:
    """Return the factor and the degrees of freedom that give F the mean and the variance of its approximation.

    Where the mean does not exist, at 2 degrees of freedom or fewer, the factor is 1 and they are 2 · rank / A₂, as
    where all coefficients are tested against the same variance.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        b = (a1 + 6.0 * a2) / (2.0 * rank)
        g = ((rank + 1) * a1 - (rank + 4) * a2) / ((rank + 2) * a2)
        below = 3.0 * rank + 2.0 * (1.0 - g)
        c1, c2, c3 = g / below, (rank - g) / below, (rank + 2.0 - g) / below
        mean = 1.0 - a2 / rank
        rho = (mean / (1.0 - c2 * b)) ** 2 * (1.0 + c1 * b) / (1.0 - c3 * b) / rank
        dof = 4.0 + (rank + 2.0) / (rank * rho - 1.0)
        scale = dof * mean / (dof - 2.0)
        is_simple = (np.abs(a1 - rank * a2) <= SMALLEST_MOMENT * a1) | ~(mean > SMALLEST_MOMENT) | ~(dof > 2.0)
        return np.where(is_simple, 1.0, scale), np.where(is_simple, 2.0 * rank / a2, dof)
