"""What a fit will need, said and checked before it is allocated."""

from __future__ import annotations

import logging
from pathlib import Path

from isograph.bundle.bundle import Bundle
from isograph.config import FactorConfig, FitConfig, WgcnaConfig
from isograph.config.wgcna import R_MAX_BLOCK_SIZE
from isograph.errors import setting
from isograph.features.assays import Assays
from isograph.network.backends import network_memory
from isograph.network.pairs import scan_memory
from isograph.runtime.resources import SHARE_OF_MEMORY, available_memory, in_units, require_memory, resident_memory
from isograph.store.output import require_free_space

logger = logging.getLogger(__name__)

# NOTE: fitted to the peak memory of whole fits on two cores: libraries; ids and rows of tables per feature; what the
# network holds per pair is the backends' own. Then float32 operations a second and thread.
BYTES_OF_LIBRARIES = 390_000_000
BYTES_PER_FEATURE = 3_000
COPIES_WHILE_WRITING = 3
COPIES_WHILE_SEARCHING = 4
COPIES_OF_OTHER_BACKENDS = 10
BYTES_WRITTEN_PER_VALUE = 8
FLOPS_PER_THREAD = 3e10


def preflight(bundle: Bundle, assays: Assays, config: FitConfig, threads: int, *, place: Path) -> None:
    """Log what the fit will take and refuse what does not fit.

    Raises
    ------
    ResourceError
        The fit needs more memory than is available, or more disk than the file system of ``place`` has.
    """
    n_samples = bundle.samples.height
    n_features = _feature_bound(assays)
    least, most = _memory(bundle, n_features, config, threads)
    seconds = n_features**2 * n_samples / (threads * FLOPS_PER_THREAD)
    logger.info(
        "up to %d features × %d samples: about %s of memory%s, %.0f s for all pairs on %d threads",
        n_features,
        n_samples,
        in_units(least),
        f" ({in_units(most)} if most features have many strong partners)" if most > least else "",
        seconds,
        threads,
    )
    held = resident_memory()
    require_memory(
        max(0, least - held),
        what=f"a network of {n_features} features × {n_samples} samples",
        remedy=f"Filter genes more strictly when importing, or run on a machine with more memory.{_blocks(config)}",
    )
    if most - held > SHARE_OF_MEMORY * available_memory():
        logger.warning(
            "%s of memory are available; if most features have many strong partners, that is too little: "
            "filter genes more strictly when importing",
            in_units(available_memory()),
        )
    require_free_space(place, BYTES_WRITTEN_PER_VALUE * n_features * n_samples)


def _memory(bundle: Bundle, n_features: int, config: FitConfig, threads: int) -> tuple[int, int]:
    """Return the bytes that the fit takes at its peak with few strong pairs, and at most.

    Making the features holds the matrices, the scores of each channel and all scores in order; the scan holds the
    scores, a copy in single precision and what each thread has found; writing holds the scores, their table and its
    file. In between the scores are held with the pairs and what is left of them after
    hidden confounders.
    """
    scores = 8 * n_features * bundle.samples.height
    matrices = sum(matrix.nbytes for matrix in bundle.matrices.values())
    fixed = BYTES_OF_LIBRARIES + BYTES_PER_FEATURE * n_features
    network = network_memory(n_features, config, threads=threads)
    if not isinstance(config.backend_settings, FactorConfig):
        needed = fixed + COPIES_OF_OTHER_BACKENDS * scores + network
        return needed, needed
    neighbours = config.backend_settings.neighbours
    scanning = int(1.5 * scores) + scan_memory(n_features, neighbours, threads=threads)
    least = fixed + max(matrices + 2 * scores, COPIES_WHILE_WRITING * scores, scanning)
    return least, max(least, fixed + COPIES_WHILE_SEARCHING * scores + network)


def _blocks(config: FitConfig) -> str:
    """Return what else can be done where the network may be divided into blocks."""
    if not isinstance(config.backend_settings, WgcnaConfig):
        return ""
    return f" Or divide it into blocks, as R does: {setting('max_block_size', R_MAX_BLOCK_SIZE)}."


def _feature_bound(assays: Assays) -> int:
    """Return the number of features if every gene carried what it could."""
    genes = assays.genes if assays.genes is not None else assays.transcripts
    n_genes = len(genes.gene_ids) if genes is not None else 0
    n_multi = len(assays.transcripts.at_least(2).gene_ids) if assays.transcripts is not None else 0
    return n_genes + n_multi
