"""Configuration of ``isograph export``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isograph.config.check import require
from isograph.config.setting import setting
from isograph.errors import examples, option

SUMMARY = "summary"
GRAPHS = ("cytoscape", "graphml")
SETS = ("gmt", "rnk")
FORMATS = (*GRAPHS, *SETS, "wgcna", "anndata")
TOP_EDGES = 500
FORMATS_OF_OPTION = {
    "module_ids": (*GRAPHS, *SETS),
    "top_edges": GRAPHS,
    "min_weight": GRAPHS,
    "symbols": SETS,
    "raw": ("cytoscape", "wgcna", *SETS),
    "bundle": ("wgcna", "anndata"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportConfig:
    """What is written of a bundle or a fit.

    Every field is an option, which its help describes.
    """

    formats: tuple[str, ...] = setting(
        (),
        "Of a bundle: summary. Of a fit: cytoscape, graphml, gmt, rnk, wgcna, anndata; repeat for more.",
        flag="--format",
        metavar="FORMAT",
    )
    module_ids: tuple[str, ...] = setting(
        (), "Only this module; repeat for more.  [default: all]", flag="--module", metavar="MODULE"
    )
    top_edges: int | None = setting(
        None,
        "So many edges of each module, the strongest; 0 for all, those between modules too.  [default: 500]",
        minimum=0,
    )
    min_weight: float | None = setting(None, "Only edges with a |weight| of at least this.", minimum=0, maximum=1)
    symbols: bool = setting(default=False, help="Call genes by their symbol where one is known (gmt, rnk).")
    raw: bool = setting(default=False, help="Write text as it is, also what a spreadsheet would run or rewrite.")
    bundle: Path | None = setting(
        None, "The bundle of the fit (wgcna, anndata).  [default: where it was when it was fitted]"
    )

    def __post_init__(self) -> None:
        known = (SUMMARY, *FORMATS)
        unknown = [name for name in self.formats if name not in known]
        min_weight = self.min_weight
        require(
            {
                f"no format {examples(unknown)}, there are {', '.join(known)}": not unknown,
                f"{option('top_edges')} is {self.top_edges}, expected 0 or more": (
                    self.top_edges is None or self.top_edges >= 0
                ),
                f"{option('min_weight')} is {min_weight}, expected 0 to 1": min_weight is None or 0 <= min_weight <= 1,
                **{
                    f"{option(name, flag='--module' if name == 'module_ids' else None)} is for the formats "
                    f"{', '.join(formats)}": bool(
                        not getattr(self, name) or unknown or set(formats) & set(self.formats)
                    )
                    for name, formats in FORMATS_OF_OPTION.items()
                },
            }
        )
