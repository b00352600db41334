"""Where two versions of a table or of a JSON record differ, beyond what rounding explains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.errors import EXAMPLES_SHOWN, shown
from isograph.results.snapshot import RUN_DEPENDENT
from isograph.schemas import Table

REFERENCE, CANDIDATE = "reference", "candidate"
SAMPLE_COLUMNS = "(sample columns)"
_ABSENT = object()

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Two floats are the same if |a − b| ≤ absolute + relative · max(|a|, |b|)."""

    absolute: float
    relative: float

    def scaled(self, factor: float) -> Tolerance:
        """Return the tolerance times ``factor``; 0 asks for equality."""
        return Tolerance(self.absolute * factor, self.relative * factor)


# NOTE: text, integers and truth values must be equal. Correlations, loadings and shares lie in [−1, 1]; a statistic
# has no bounds; a p-value means its order of magnitude, and one of 1e-300 must not equal one of 1e-20.
SHARE = Tolerance(absolute=1e-8, relative=0.0)
MEASURE = Tolerance(absolute=1e-8, relative=1e-6)
PROBABILITY = Tolerance(absolute=0.0, relative=1e-6)
_KIND_OF_COLUMN = {
    **dict.fromkeys(("pvalue", "qvalue"), PROBABILITY),
    **dict.fromkeys(("kme", "weight", "similarity", "switch_r", "abundance_r", "switch_abundance_r", "r"), SHARE),
    **dict.fromkeys(("eigengene", "loading", "variance_explained", "mean_abs_kme"), SHARE),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs.

    Attributes
    ----------
    table, column : None where the difference is not of one table, or not of one column.
    rows : rows that differ, or that only one side has.
    max_abs_difference : None where what differs is not two numbers.
    only_in : ``reference`` or ``candidate`` for a table, column or row that the other side lacks.
    examples : keys of the first rows; of a JSON value, what stands in the two.
    """

    file: str
    table: str | None
    column: str | None
    rows: int
    max_abs_difference: float | None = None
    only_in: str | None = None
    examples: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as JSON values."""
        return asdict(self)


def tolerance_of(column: str) -> Tolerance:
    """Return the tolerance for a column of floats."""
    return _KIND_OF_COLUMN.get(column, MEASURE)


def table_differences(
    contract: Table, reference: pl.DataFrame, candidate: pl.DataFrame, *, tolerance: float = 1.0
) -> list[Difference]:
    """Return the differences of two tables whose rows are told apart by the key of ``contract``; order plays no part.

    tolerance: factor on the tolerance of every column.
    """
    file = f"{contract.name}.parquet"
    key = list(contract.key)
    found = [
        Difference(file, contract.name, name, frame.height, only_in=side)
        for side, frame, other in ((REFERENCE, reference, candidate), (CANDIDATE, candidate, reference))
        for name in frame.columns
        if name not in other.columns
    ]
    for side, frame, other in ((REFERENCE, reference, candidate), (CANDIDATE, candidate, reference)):
        lone = frame.join(other.select(key), on=key, how="anti", validate="m:m", maintain_order="left")
        if lone.height:
            found.append(
                Difference(file, contract.name, None, lone.height, only_in=side, examples=_key_texts(lone, key))
            )
    one, other = _aligned(reference, candidate, key)
    named = [name for name in contract.schema if name in one.columns and name in other.columns and name not in key]
    for name in named:
        changed, size = _changed(one.get_column(name), other.get_column(name), tolerance_of(name).scaled(tolerance))
        found += _column_difference(contract, name, changed, size, one)
    more = [name for name in one.columns if name not in contract.schema and name in other.columns]
    return found + _sample_difference(contract, more, one, other, tolerance)


def _sample_difference(
    contract: Table, names: Sequence[str], one: pl.DataFrame, other: pl.DataFrame, factor: float
) -> list[Difference]:
    """Return what differs in the columns that a table has one of per sample, as one difference."""
    if not names:
        return []
    changes = [_changed(one.get_column(name), other.get_column(name), MEASURE.scaled(factor)) for name in names]
    changed: Mask = np.logical_or.reduce([change for change, _ in changes])
    size = max((size for _, size in changes if size is not None), default=None)
    return _column_difference(contract, SAMPLE_COLUMNS, changed, size, one)


def _column_difference(
    contract: Table, column: str, changed: Mask, size: float | None, frame: pl.DataFrame
) -> list[Difference]:
    rows = int(changed.sum())
    if not rows:
        return []
    keys = _key_texts(frame.filter(pl.Series(changed)), list(contract.key))
    return [Difference(f"{contract.name}.parquet", contract.name, column, rows, size, examples=keys)]


def _aligned(reference: pl.DataFrame, candidate: pl.DataFrame, key: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows whose key both have, in the order of the reference."""
    numbered = [
        frame.select(*key, pl.int_range(pl.len(), dtype=pl.Int64).alias(side))
        for side, frame in (("\0one", reference), ("\0other", candidate))
    ]
    rows = numbered[0].join(numbered[1], on=key, how="inner", validate="1:1", maintain_order="left")
    return reference[rows.get_column("\0one")], candidate[rows.get_column("\0other")]


def _changed(one: pl.Series, other: pl.Series, tolerance: Tolerance) -> tuple[Mask, float | None]:
    """Return which rows differ, and the largest difference of two numbers; null and NaN each equal themselves."""
    if one.dtype.is_numeric() and other.dtype.is_numeric():
        nulls = (one.is_null().to_numpy(), other.is_null().to_numpy())
        a, b = (side.cast(pl.Float64).fill_null(0.0).to_numpy() for side in (one, other))
        exact = one.dtype.is_integer() and other.dtype.is_integer()
        changed, sizes = _floats_changed(a, b, Tolerance(0.0, 0.0) if exact else tolerance)
        changed = np.where(nulls[0] | nulls[1], nulls[0] != nulls[1], changed)
        measured = sizes[changed & ~nulls[0] & ~nulls[1] & np.isfinite(sizes)]
        return changed, float(measured.max()) if measured.size else None
    texts = [side if side.dtype == pl.String else side.cast(pl.String) for side in (one, other)]
    return texts[0].ne_missing(texts[1]).to_numpy(), None


def _floats_changed(a: NDArray[np.float64], b: NDArray[np.float64], tolerance: Tolerance) -> tuple[Mask, Any]:
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(a - b)
        allowed = tolerance.absolute + tolerance.relative * np.maximum(np.abs(a), np.abs(b))
        same = (a == b) | (np.isnan(a) & np.isnan(b)) | ((sizes <= allowed) & np.isfinite(allowed))
    return ~same, sizes


def _key_texts(rows: pl.DataFrame, key: Sequence[str]) -> tuple[str, ...]:
    return tuple(", ".join(shown(part) for part in row) for row in rows.select(key).head(EXAMPLES_SHOWN).iter_rows())


def record_differences(
    file: str, reference: Mapping[str, Any], candidate: Mapping[str, Any], *, tolerance: float = 1.0
) -> list[Difference]:
    """Return the differences of two JSON records, one a value; seconds and thread counts are passed over.

    ``column`` is the way to the value, ``role_recall.coupled``.
    """
    one, other = dict(leaves(reference)), dict(leaves(candidate))
    found = []
    for path in dict.fromkeys([*one, *other]):
        a, b = one.get(path, _ABSENT), other.get(path, _ABSENT)
        if a is _ABSENT or b is _ABSENT:
            side, value = (CANDIDATE, b) if a is _ABSENT else (REFERENCE, a)
            found.append(Difference(file, None, path, 1, only_in=side, examples=(_told(value),)))
        elif is_number(a) and is_number(b):
            whole = isinstance(a, int) and isinstance(b, int)
            limit = Tolerance(0.0, 0.0) if whole else MEASURE.scaled(tolerance)
            changed, sizes = _floats_changed(np.array([float(a)]), np.array([float(b)]), limit)
            if changed[0]:
                found.append(Difference(file, None, path, 1, float(sizes[0]), examples=(_told(a), _told(b))))
        elif a != b:
            found.append(Difference(file, None, path, 1, examples=(_told(a), _told(b))))
    return found


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield the way to every value of a JSON record and the value, ``a.b[0]``; run-dependent ones are left out."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if key not in RUN_DEPENDENT:
                yield from leaves(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value):
            yield from leaves(entry, f"{path}[{number}]")
    else:
        yield path, value


def is_number(value: object) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _told(value: object) -> str:
    return shown(value)
