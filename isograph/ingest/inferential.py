"""Inferential replicates of Salmon: how uncertain the count of a transcript is because reads fit several transcripts.

Salmon writes them with ``--numBootstraps`` or ``--numGibbsSamples``: in ``aux_info/bootstrap`` of a sample
``names.tsv.gz`` has the transcripts on one line, and ``bootstraps.gz`` one replicate after the other, each a
little-endian double per transcript.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from isograph.arrays import Vector
from isograph.errors import InputError
from isograph.ingest.identifiers import cut_at_bar

PSEUDOCOUNT = 5.0
SHIFT = 0.01
_FOLDER = Path("aux_info") / "bootstrap"
_MAX_NAMES_BYTES = 2**30
_MIN_REPLICATES = 2


def inferential_relative_variance(
    directories: Mapping[str, Path], transcript_ids: pl.Series
) -> tuple[pl.Series | None, tuple[str, ...]]:
    """Return the mean InfRV of every transcript over the samples that have replicates, and a note about them.

    InfRV is ``max(s² − μ, 0) / (μ + 5) + 0.01`` with the mean μ and the variance s² of the replicates of one sample:
    the variance beyond that of counting (Zhu et al. 2019, Nucleic Acids Research 47:e105, Methods).

    Parameters
    ----------
    directories : sample → its directory.
    transcript_ids : (n_transcripts,) of the quantification; null in the result where replicates do not have one.

    Returns
    -------
    (n_transcripts,) named ``inf_rv``; None where no sample has two replicates.

    Raises
    ------
    InputError
        Replicates are damaged, or are not as many as their transcripts make.
    """
    total = np.zeros(transcript_ids.len())
    n_samples = np.zeros(transcript_ids.len())
    numbers = []
    for sample, directory in directories.items():
        folder = directory / _FOLDER
        if not (folder / "bootstraps.gz").is_file() or not (folder / "names.tsv.gz").is_file():
            continue
        try:
            ids, values, n_replicates = _sample(folder)
        except (EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
            sentence = f"inferential replicates are damaged ({error}). Copy them again, or remove {_FOLDER}."
            raise InputError(f"{sample}/{_FOLDER}", sentence) from None
        if n_replicates < _MIN_REPLICATES:
            continue
        numbers.append(n_replicates)
        of_sample = pl.DataFrame({"id": ids, "value": values}).unique("id", keep="first", maintain_order=True)
        wanted = pl.DataFrame({"id": transcript_ids})
        found = wanted.join(of_sample, on="id", how="left", validate="m:1", maintain_order="left").get_column("value")
        total += found.fill_null(0.0).to_numpy()
        n_samples += found.is_not_null().to_numpy()
    if not numbers:
        return None, ()
    mean = np.divide(total, n_samples, out=np.full_like(total, np.nan), where=n_samples > 0)
    replicates = f"{min(numbers)}" if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"
    note = (
        f"inferential replicates: {replicates} in {len(numbers)} of {len(directories)} samples; their mean relative "
        "variance is inf_rv of the transcripts"
    )
    return pl.Series("inf_rv", mean).fill_nan(None), (note,)


def _sample(folder: Path) -> tuple[pl.Series, Vector, int]:
    """Return the transcripts of one sample, their InfRV, and the number of replicates."""
    with gzip.open(folder / "names.tsv.gz", "rb") as handle:
        names = handle.read(_MAX_NAMES_BYTES).decode("utf-8").rstrip("\n").split("\t")
    ids, _ = cut_at_bar(pl.Series(names, dtype=pl.String))
    # NOTE: Welford's update, a replicate at a time: all of them would be gigabytes, and sums of squares lose digits.
    mean, squares, n = np.zeros(len(names)), np.zeros(len(names)), 0
    for replicate in _replicates(folder / "bootstraps.gz", len(names)):
        n += 1
        change = replicate - mean
        mean += change / n
        squares += change * (replicate - mean)
    variance = squares / max(1, n - 1)
    return ids, np.maximum(variance - mean, 0.0) / (mean + PSEUDOCOUNT) + SHIFT, n


def _replicates(path: Path, n_transcripts: int) -> Iterator[Vector]:
    size = 8 * n_transcripts
    with gzip.open(path, "rb") as handle:
        while data := handle.read(size):
            if len(data) < size:
                raise ValueError(f"the last replicate has {len(data) // 8} of {n_transcripts} transcripts")
            replicate = np.frombuffer(data, dtype="<f8")
            if not np.all(np.isfinite(replicate) & (replicate >= 0)):
                raise ValueError("a count is negative, infinite or not a number")
            yield replicate
