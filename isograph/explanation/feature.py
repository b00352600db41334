"""The values a module is explained with, and their correlation with the eigengenes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Index, Matrix, Vector
from isograph.runtime.threads import run_chunks
from isograph.stats import benjamini_hochberg, correlation_log10_pvalue

ROWS_PER_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Features:
    """Rows of values over the samples of a fit.

    Attributes
    ----------
    rows : one row a feature, ``feature_id`` and ``gene_id`` among the columns.
    values : (n_features, n_samples), NaN where missing.
    """

    rows: pl.DataFrame
    values: Matrix

    def of_genes(self, genes: pl.Series) -> Features:
        """Return the features of ``genes``."""
        return self[self.numbers(genes)]

    def numbers(self, genes: pl.Series) -> Index:
        """Return the numbers of the features of ``genes``."""
        numbers = self.rows.get_column("gene_id").is_in(genes.implode()).arg_true().to_numpy()
        return numbers.astype(np.int64)

    def __getitem__(self, numbers: Index) -> Features:
        return Features(self.rows[numbers], self.values[numbers])


@dataclass(frozen=True, slots=True)
class Association:
    """r of each feature with each module's eigengene.

    Attributes
    ----------
    features : the features, in the order of the rows below.
    r : (n_features, n_modules), NaN where not estimable.
    n_complete : (n_features, n_modules), samples with both values.
    lost_dof : degrees of freedom that covariates took.
    """

    features: Features
    r: Matrix
    n_complete: Index
    lost_dof: int

    def __getitem__(self, numbers: Index) -> Association:
        return Association(self.features[numbers], self.r[numbers], self.n_complete[numbers], self.lost_dof)

    def columns(self, module: int) -> dict[str, Vector | Index]:
        """Return r, p, log10 p, q over all features, samples and the share of missing ones, for one module."""
        r, n = np.ascontiguousarray(self.r[:, module]), np.ascontiguousarray(self.n_complete[:, module])
        log10_p = correlation_log10_pvalue(r, self.dof(module))
        pvalue = np.power(10.0, log10_p)
        return {
            "r": r,
            "pvalue": pvalue,
            "log10_pvalue": log10_p,
            "qvalue": benjamini_hochberg(pvalue),
            "n_complete": n,
            "missingness": 1.0 - n / self.features.values.shape[1],
        }

    def dof(self, module: int) -> Index:
        """Return the degrees of freedom of each r with one module: samples − 2 − covariate columns."""
        return np.asarray(self.n_complete[:, module] - 2 - self.lost_dof)


def associations(features: Features, eigengenes: Matrix, *, lost_dof: int, threads: int) -> Association:
    """Return the correlation of every feature with every eigengene, over the samples with both values.

    eigengenes: (n_modules, n_samples), NaN where missing.
    """
    from isograph.kernels.target import target_correlation

    values = np.ascontiguousarray(features.values)
    shape = (len(values), len(eigengenes))
    r, n_complete = np.empty(shape), np.empty(shape, dtype=np.int64)

    def task(start: int, stop: int) -> None:
        target_correlation(values, eigengenes, start, stop, r, n_complete)

    run_chunks(task, len(values), chunk=ROWS_PER_CHUNK, threads=threads)
    return Association(features, r, n_complete, lost_dof)
