"""The structures of a GTF, kept in a cache under the digest of the file."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl

from isograph.errors import InputError, UsageError, option
from isograph.ingest.gtf import Structures, read_structures
from isograph.runtime.progress import Steps
from isograph.schemas.structure import GTF_EXONS, GTF_TABLES, GTF_TRANSCRIPTS
from isograph.store.artifact import artifact_directory, read_manifest, verify

CACHE_KIND = "gtf_structure"
CACHE_VERSION = 1

logger = logging.getLogger(__name__)


def gtf_structures(path: Path, digest: str, *, cache: Path | None, steps: Steps) -> Structures:
    """Return the structures of the GTF ``path``, from the cache if it holds those of a file with this digest.

    Parameters
    ----------
    cache : directory of one directory a GTF, each with its manifest; it is made if absent, and what it holds is
        checked before it is used. None keeps nothing.

    Raises
    ------
    InputError
        The GTF is not usable.
    UsageError
        The cache is no directory or cannot be made.
    """
    if cache is None:
        return _read_gtf(path, steps)
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = f"Name another directory for {option('gtf_cache')}."
        raise UsageError(f"{cache} cannot be made: {error.strerror}. {remedy}") from error
    entry = cache / f"{digest}-v{CACHE_VERSION}"
    if entry.exists():
        files = [entry / f"{name}.parquet" for name in GTF_TABLES]
        try:
            verify(entry, read_manifest(entry), needed=[file.name for file in files])
        except InputError as error:
            logger.warning("the cache is not used: %s", error)
        else:
            frames = [pl.read_parquet(file, glob=False, hive_partitioning=False) for file in files]
            logger.info("%s: structures taken from %s", path.name, entry)
            return Structures(*frames)
    structures = _read_gtf(path, steps)
    with steps.step("cache"):
        # NOTE: another process may be writing the entry, or something foreign is there: nothing is kept then.
        try:
            with artifact_directory(entry, CACHE_KIND, overwrite=True) as writer:
                writer.table(GTF_TRANSCRIPTS, structures.transcripts)
                writer.table(GTF_EXONS, structures.exons)
        except UsageError as error:
            logger.warning("nothing was kept in the cache: %s", error)
    return structures


def _read_gtf(path: Path, steps: Steps) -> Structures:
    with steps.step("read GTF") as progress:
        structures = read_structures(path, progress=progress)
    logger.info("%s: %d transcripts, %d exons", path.name, structures.transcripts.height, structures.exons.height)
    return structures
