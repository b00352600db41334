"""Tables as text that a spreadsheet opens without running or rewriting a cell."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

MISSING = "NA"
GUARD = "'"
# NOTE: spreadsheets skip leading blanks, and read the wide forms of East Asian input as the signs themselves.
_FORMULA = r"^\s*[=+\-@＝＋－＠]|^[\t\r\n]"
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_REWRITTEN = "|".join(
    (
        rf"^(?i:{_MONTH})[-./ ]?\d{{1,4}}$",
        rf"^\d{{1,4}}[-./ ]?(?i:{_MONTH})$",
        r"^\d{1,4}[-/]\d{1,4}(?:[-/]\d{1,4})?$",
        r"^\d{1,2}:\d{2}(?::\d{2})?$",
        r"^0\d+$",
        r"^\d{16,}$",
        r"^\d+(?:\.\d*)?[eE]\+?\d+$",
    )
)
_FORMULA_ONLY = re.compile(_FORMULA)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as UTF-8 text, and the distinct cells that were given a leading apostrophe, in order."""

    data: bytes
    guarded: tuple[str, ...]


def sheet(frame: pl.DataFrame, *, separator: str, raw: bool = False) -> Sheet:
    """Return ``frame`` as delimited text; missing values and NaN are ``NA``.

    Text cells and headers that a spreadsheet would run (``=1+1``, ``@a``, ``-x``) or rewrite (``SEPT2``, ``001``,
    ``2310009E13`` become a date or another number) begin with an apostrophe; numbers are as they are. ``raw`` leaves
    every cell as it is, for programs.
    """
    guarded: list[str] = []
    if not raw:
        texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
        for name in texts:
            risky = frame.get_column(name).filter(frame.select(_risky(pl.col(name)).fill_null(value=False)).to_series())
            guarded += risky.unique(maintain_order=True).to_list()
        frame = frame.with_columns(
            pl.when(_risky(pl.col(name))).then(GUARD + pl.col(name)).otherwise(pl.col(name)).alias(name)
            for name in texts
        ).rename({name: guarded_text(name) for name in frame.columns})
    written = frame.with_columns(pl.col(pl.Float64, pl.Float32).fill_nan(None))
    data = written.write_csv(separator=separator, null_value=MISSING).encode()
    return Sheet(data, tuple(dict.fromkeys(guarded)))


def guarded_text(text: str) -> str:
    """Return one text, with a leading apostrophe if a spreadsheet would run it."""
    return GUARD + text if _FORMULA_ONLY.search(text) else text


def _risky(text: pl.Expr) -> pl.Expr:
    return text.str.contains(f"{_FORMULA}|{_REWRITTEN}")
