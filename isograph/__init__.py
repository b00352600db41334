"""Multiplex co-expression networks of transcript abundance and isoform switching.

Every command of the command line is a function here::

    import isograph as ig

    bundle = ig.from_frames(transcripts=counts, samples=samples, tx2gene=tx2gene)
    fit = ig.fit(bundle, covariates="batch")
    fit.modules.collect()                       # every table is a Polars lazy frame
    fit.relation("edges")                       # and a DuckDB relation

Each is loaded on first use, so that importing isograph costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isograph.comparison.judgement import Comparison
    from isograph.config import FactorConfig, VaeConfig, WgcnaConfig
    from isograph.errors import (
        ConfigError,
        ConvergenceError,
        InputError,
        IsographError,
        MissingExtraError,
        ResourceError,
        SchemaError,
        UsageError,
    )
    from isograph.pipeline.annotate_structure import StructureReport, annotate_structure
    from isograph.pipeline.benchmark import Benchmarked, benchmark
    from isograph.pipeline.catalog import Catalog, catalog
    from isograph.pipeline.compare import compare
    from isograph.pipeline.explain import explain
    from isograph.pipeline.export import Exported, export
    from isograph.pipeline.fit import fit
    from isograph.pipeline.import_ import from_frames, import_quantifications
    from isograph.pipeline.show import show
    from isograph.pipeline.simulate import simulate
    from isograph.pipeline.sql import sql
    from isograph.pipeline.validate import BundleReport, validate
    from isograph.results.bundle import OpenedBundle
    from isograph.results.explanation import Explanation
    from isograph.results.fit import Fit
    from isograph.results.open import OpenedTree, open  # noqa: A004
    from isograph.results.snapshot import Snapshot, load_snapshot, save_snapshot
    from isograph.results.summary import FitSummary

__version__ = "0.2.0"
__all__ = [
    "Benchmarked",
    "BundleReport",
    "Catalog",
    "Comparison",
    "ConfigError",
    "ConvergenceError",
    "Explanation",
    "Exported",
    "FactorConfig",
    "Fit",
    "FitSummary",
    "InputError",
    "IsographError",
    "MissingExtraError",
    "OpenedBundle",
    "OpenedTree",
    "ResourceError",
    "SchemaError",
    "Snapshot",
    "StructureReport",
    "UsageError",
    "VaeConfig",
    "WgcnaConfig",
    "__version__",
    "annotate_structure",
    "benchmark",
    "catalog",
    "compare",
    "explain",
    "export",
    "fit",
    "from_frames",
    "import_quantifications",
    "load_snapshot",
    "open",
    "save_snapshot",
    "show",
    "simulate",
    "sql",
    "validate",
]

# NOTE: the imports above are for editors and type checkers; these are where a name is loaded from when it is used.
_HOMES = {
    "Benchmarked": "isograph.pipeline.benchmark",
    "BundleReport": "isograph.pipeline.validate",
    "Catalog": "isograph.pipeline.catalog",
    "Comparison": "isograph.comparison.judgement",
    "ConfigError": "isograph.errors",
    "ConvergenceError": "isograph.errors",
    "Explanation": "isograph.results.explanation",
    "Exported": "isograph.pipeline.export",
    "FactorConfig": "isograph.config",
    "Fit": "isograph.results.fit",
    "FitSummary": "isograph.results.summary",
    "InputError": "isograph.errors",
    "IsographError": "isograph.errors",
    "MissingExtraError": "isograph.errors",
    "OpenedBundle": "isograph.results.bundle",
    "OpenedTree": "isograph.results.open",
    "ResourceError": "isograph.errors",
    "SchemaError": "isograph.errors",
    "Snapshot": "isograph.results.snapshot",
    "StructureReport": "isograph.pipeline.annotate_structure",
    "UsageError": "isograph.errors",
    "VaeConfig": "isograph.config",
    "WgcnaConfig": "isograph.config",
    "annotate_structure": "isograph.pipeline.annotate_structure",
    "benchmark": "isograph.pipeline.benchmark",
    "catalog": "isograph.pipeline.catalog",
    "compare": "isograph.pipeline.compare",
    "explain": "isograph.pipeline.explain",
    "export": "isograph.pipeline.export",
    "fit": "isograph.pipeline.fit",
    "from_frames": "isograph.pipeline.import_",
    "import_quantifications": "isograph.pipeline.import_",
    "load_snapshot": "isograph.results.snapshot",
    "open": "isograph.results.open",
    "save_snapshot": "isograph.results.snapshot",
    "show": "isograph.pipeline.show",
    "simulate": "isograph.pipeline.simulate",
    "sql": "isograph.pipeline.sql",
    "validate": "isograph.pipeline.validate",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'isograph' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
