"""Tests of a trait beside covariates, written from the textbook: normal equations and whole covariance matrices."""

from __future__ import annotations

import numpy as np
import scipy.optimize
import scipy.stats


def fitted(design: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the solution of the normal equations XᵀX b = Xᵀy and the residual sum of squares."""
    coefficients = np.linalg.solve(design.T @ design, design.T @ y)
    residual = y - design @ coefficients
    return coefficients, float(residual @ residual)


def full_against_reduced(y: np.ndarray, covariates: np.ndarray, trait: np.ndarray) -> tuple[float, int, int, float]:
    """Return F, its two degrees of freedom and p. covariates: (n, q) with the constant. trait: (n, k), of full rank."""
    full = np.column_stack([covariates, trait])
    left, left_of_reduced = fitted(full, y)[1], fitted(covariates, y)[1]
    k, dof = trait.shape[1], len(y) - full.shape[1]
    f = (left_of_reduced - left) / k / (left / dof)
    return f, k, dof, float(scipy.stats.f.sf(f, k, dof))


def hc3(y: np.ndarray, covariates: np.ndarray, trait: np.ndarray) -> np.ndarray:
    """Return the HC3 covariance of the coefficients of the trait: (XᵀX)⁻¹ Σ xᵢxᵢᵀ eᵢ²/(1 − hᵢ)² (XᵀX)⁻¹."""
    x = np.column_stack([covariates, trait])
    inverse = np.linalg.inv(x.T @ x)
    residual = y - x @ inverse @ x.T @ y
    meat = np.zeros_like(inverse)
    for row, e in zip(x, residual, strict=True):
        meat += np.outer(row, row) * (e / (1.0 - row @ inverse @ row)) ** 2
    k = trait.shape[1]
    return (inverse @ meat @ inverse)[-k:, -k:]


def kenward_roger(
    y: np.ndarray, covariates: np.ndarray, trait: np.ndarray, individual_of: np.ndarray
) -> tuple[float, float, float]:
    """Return F of the trait, its denominator's degrees of freedom, and σ²_between / σ²_within, by REML.

    Kenward & Roger 1997, with the covariance of the variances from the expected information.
    """
    x = np.column_stack([covariates, trait])
    same = (individual_of[:, None] == individual_of[None, :]).astype(float)
    n, k = len(y), trait.shape[1]

    def projection(ratio: float) -> tuple[np.ndarray, np.ndarray]:
        inverse = np.linalg.inv(np.eye(n) + ratio * same)
        return inverse, inverse - inverse @ x @ np.linalg.inv(x.T @ inverse @ x) @ x.T @ inverse

    def deviance(ratio: float) -> float:
        inverse, p = projection(ratio)
        logs = [np.linalg.slogdet(m)[1] for m in (np.eye(n) + ratio * same, x.T @ inverse @ x)]
        return (n - x.shape[1]) * np.log(y @ p @ y) + sum(logs)

    search = scipy.optimize.minimize_scalar(
        lambda log: deviance(np.exp(log)), bounds=(-16.0, 14.0), method="bounded", options={"xatol": 1e-10}
    )
    ratio = 0.0 if deviance(0.0) <= search.fun else float(np.exp(search.x))
    inverse, p = projection(ratio)
    variance = float(y @ p @ y) / (n - x.shape[1])
    inverse, p = inverse / variance, p / variance
    phi = np.linalg.inv(x.T @ inverse @ x)
    parts = (np.eye(n), same)
    w = np.linalg.inv([[0.5 * np.trace(p @ a @ p @ b) for b in parts] for a in parts])
    first = [-x.T @ inverse @ a @ inverse @ x for a in parts]
    second = [[x.T @ inverse @ a @ inverse @ b @ inverse @ x for b in parts] for a in parts]
    pairs = [(i, j) for i in range(2) for j in range(2)]
    lam = sum(w[i, j] * (second[i][j] - first[i] @ phi @ first[j]) for i, j in pairs)
    adjusted = (phi + 2.0 * phi @ lam @ phi)[-k:, -k:]
    contrast = np.zeros((x.shape[1], k))
    contrast[-k:] = np.eye(k)
    theta = contrast @ np.linalg.inv(contrast.T @ phi @ contrast) @ contrast.T
    a1 = sum(
        w[i, j] * np.trace(theta @ phi @ first[i] @ phi) * np.trace(theta @ phi @ first[j] @ phi) for i, j in pairs
    )
    a2 = sum(w[i, j] * np.trace(theta @ phi @ first[i] @ phi @ theta @ phi @ first[j] @ phi) for i, j in pairs)
    b = (a1 + 6.0 * a2) / (2.0 * k)
    g = ((k + 1) * a1 - (k + 4) * a2) / ((k + 2) * a2)
    below = 3 * k + 2 * (1 - g)
    c1, c2, c3 = g / below, (k - g) / below, (k + 2 - g) / below
    mean = 1.0 / (1.0 - a2 / k)
    spread = 2.0 / k * (1.0 + c1 * b) / ((1.0 - c2 * b) ** 2 * (1.0 - c3 * b))
    rho = spread / (2.0 * mean**2)
    dof = 4.0 + (k + 2.0) / (k * rho - 1.0)
    scale = dof / (mean * (dof - 2.0))
    coefficients = (phi @ x.T @ inverse @ y)[-k:]
    return float(scale * coefficients @ np.linalg.solve(adjusted, coefficients) / k), float(dof), ratio
