"""Individuals: which samples are of one person, line or animal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Index
from isograph.errors import InputError, examples, option


@dataclass(frozen=True, slots=True)
class Individuals:
    """The individual of each sample.

    Attributes
    ----------
    name : the column that names them.
    number_of : (n_samples,) number of the individual, 0 to n − 1.
    """

    name: str
    number_of: Index

    @property
    def reading(self) -> str:
        """How the column was read, in words."""
        sizes = np.bincount(self.number_of)
        each = f"{sizes.min()}" if sizes.min() == sizes.max() else f"{sizes.min()} to {sizes.max()}"
        return f"{len(sizes)} individuals, {each} samples each"


def read_individuals(samples: pl.DataFrame, name: str) -> Individuals:
    """Return the individuals that a column names.

    Raises
    ------
    InputError
        There is no such column, it is missing in a sample, or no individual has two samples, or there is only one.
    """
    if problem := _problem(samples, name):
        raise InputError("individuals", problem)
    number_of = samples.get_column(name).cast(pl.String).rank("dense").to_numpy().astype(np.int64) - 1
    return Individuals(name, number_of)


def _problem(samples: pl.DataFrame, name: str) -> str | None:
    if name not in samples.columns or name == "sample_id":
        columns = [column for column in samples.columns if column != "sample_id"]
        return f"no column '{name}'. Columns: {', '.join(columns) or 'none beside sample_id'}."
    column = samples.get_column(name)
    column = column.fill_nan(None) if column.dtype.is_float() else column
    if n_missing := column.null_count():
        without_value = samples.filter(column.is_null()).get_column("sample_id")
        return (
            f"'{name}' is missing in {n_missing} of {samples.height} samples: {examples(without_value)}. Fill it in; a "
            "sample that is alone of its individual has a name of its own."
        )
    if column.n_unique() == 1:
        return f"'{name}' names one individual only. Leave {option('individual')} out."
    if column.n_unique() == samples.height:
        return f"'{name}' names another individual in every sample. Leave {option('individual')} out."
    return None
