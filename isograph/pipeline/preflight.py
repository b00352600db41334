"""What a fit will need, said and checked before it is allocated."""

from __future__ import annotations

import logging
from pathlib import Path

from isograph.bundle.bundle import Bundle
from isograph.config import FitConfig, WgcnaConfig
from isograph.config.wgcna import R_MAX_BLOCK_SIZE
from isograph.features.channel import Assays
from isograph.network.backend import network_memory
from isograph.runtime.output import require_free_space
from isograph.runtime.resources import in_units, require_memory

logger = logging.getLogger(__name__)

# NOTE: fitted to the peak memory of whole fits, as the backends' own shares are: libraries; values, scores and their
# copies per feature and sample. Then float32 operations a second and thread.
BYTES_OF_LIBRARIES = 200_000_000
BYTES_PER_VALUE = 80
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
    network = network_memory(n_features, config, threads=threads)
    memory = BYTES_OF_LIBRARIES + BYTES_PER_VALUE * n_features * n_samples + network
    seconds = n_features**2 * n_samples / (threads * FLOPS_PER_THREAD)
    logger.info(
        "up to %d features × %d samples: about %s of memory, %.0f s for all pairs on %d threads",
        n_features,
        n_samples,
        in_units(memory),
        seconds,
        threads,
    )
    require_memory(
        memory,
        what=f"a network of {n_features} features × {n_samples} samples",
        remedy=f"Filter genes more strictly when importing, or run on a machine with more memory.{_blocks(config)}",
    )
    require_free_space(place, BYTES_WRITTEN_PER_VALUE * n_features * n_samples)


def _blocks(config: FitConfig) -> str:
    """Return what else can be done where the network may be divided into blocks."""
    if not isinstance(config.backend_settings, WgcnaConfig):
        return ""
    return f" Or divide it into blocks, as R does: --set max_block_size={R_MAX_BLOCK_SIZE}."


def _feature_bound(assays: Assays) -> int:
    """Return the number of features if every gene carried what it could."""
    genes = assays.genes if assays.genes is not None else assays.transcripts
    n_genes = len(genes.gene_ids) if genes is not None else 0
    n_multi = len(assays.transcripts.at_least(2).gene_ids) if assays.transcripts is not None else 0
    return n_genes + n_multi
