"""What ``isograph export`` was asked for, checked in full before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from isograph.errors import ConfigError, examples

SUMMARY = "summary"
GRAPHS = ("cytoscape", "graphml")
SETS = ("gmt", "rnk")
FORMATS = (*GRAPHS, *SETS, "wgcna", "anndata")
_OPTIONS = {
    "module_ids": ("--module", (*GRAPHS, *SETS)),
    "top_edges": ("--top-edges", GRAPHS),
    "min_weight": ("--min-weight", GRAPHS),
    "symbols": ("--symbols", SETS),
    "raw": ("--raw", ("cytoscape", "wgcna", *SETS)),
    "bundle": ("--bundle", ("wgcna", "anndata")),
}


TOP_EDGES = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """Which edges are taken.

    Attributes
    ----------
    module_ids : only edges inside these modules; empty for every module.
    top_edges : so many edges of each module, those of the largest |weight|; 0 for every edge, those between modules and
        of genes in no module included.
    min_weight : only edges with |weight| of at least this.
    """

    module_ids: Sequence[str] = ()
    top_edges: int = TOP_EDGES
    min_weight: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportConfig:
    """What is written of a bundle or a fit.

    Attributes
    ----------
    formats : of a fit one or more of ``FORMATS``, of a bundle ``summary`` or none.
    module_ids : only these modules; empty for all.
    top_edges : edges of each module, the strongest; 0 for every edge of the network; None for 500.
    min_weight : least |weight| of an edge; None for any.
    symbols : call genes by their symbol where one is known.
    raw : write text as it is, also what a spreadsheet would run or rewrite.
    bundle : the bundle that the fit was made of, if it is not where it was.
    """

    formats: tuple[str, ...] = ()
    module_ids: tuple[str, ...] = ()
    top_edges: int | None = None
    min_weight: float | None = None
    symbols: bool = False
    raw: bool = False
    bundle: Path | None = None

    def __post_init__(self) -> None:
        problems = []
        if unknown := [name for name in self.formats if name not in (SUMMARY, *FORMATS)]:
            problems.append(f"no format {examples(unknown)}, there are {', '.join((SUMMARY, *FORMATS))}")
        if self.top_edges is not None and self.top_edges < 0:
            problems.append(f"--top-edges is {self.top_edges}, expected 0 or more")
        if self.min_weight is not None and not 0 <= self.min_weight <= 1:
            problems.append(f"--min-weight is {self.min_weight}, expected 0 to 1")
        for name, (option, formats) in _OPTIONS.items():
            if getattr(self, name) not in (None, False, ()) and not set(formats) & set(self.formats) and not unknown:
                problems.append(f"{option} is for the formats {', '.join(formats)}")
        if problems:
            raise ConfigError("; ".join(problems) + ".")

    @property
    def selection(self) -> Selection:
        """Which edges are taken."""
        return Selection(
            module_ids=self.module_ids,
            top_edges=TOP_EDGES if self.top_edges is None else self.top_edges,
            min_weight=self.min_weight or 0.0,
        )
