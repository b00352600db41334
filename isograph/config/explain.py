"""Configuration of ``isograph explain-module``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isograph.config.check import require

FIGURE_FORMATS = ("png", "pdf", "svg")
TABLE_FORMATS = ("parquet", "csv", "tsv")
IG_BASELINES = ("zero", "mean")
IG_N_STEPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainConfig:
    """What ``isograph explain-module`` does, beside where it reads and writes.

    Attributes
    ----------
    module_ids : modules to explain; empty for all.
    plot : draw figures.
    output_formats : of figures (png, pdf, svg) and of copies of the tables (csv, tsv) beside parquet.
    bundle : where the bundle of the fit is; None for where it was when the fit was made.
    feature_table : features to explain with instead of those of the fit.
    feature_meta : what is known of them, where that is not in their own table.
    module_score_table : eigengenes to explain instead of those of the fit.
    annotation_table : columns to add to the tables by gene, transcript or feature.
    vae_attribution : tables of the decoder's response.
    integrated_gradients : tables of the encoder's integrated gradients.
    ig_n_steps : steps to begin with; None for 16.
    ig_baseline : ``zero`` or ``mean``; None for zero.
    threads : threads to use; None for the cores this process may use. No result depends on it.
    """

    module_ids: tuple[str, ...] = ()
    plot: bool = False
    output_formats: tuple[str, ...] = ()
    bundle: Path | None = None
    feature_table: Path | None = None
    feature_meta: Path | None = None
    module_score_table: Path | None = None
    annotation_table: Path | None = None
    vae_attribution: bool = False
    integrated_gradients: bool = False
    ig_n_steps: int | None = None
    ig_baseline: str | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        known = (*FIGURE_FORMATS, *TABLE_FORMATS)
        unknown = [name for name in self.output_formats if name not in known]
        of_figures = [name for name in self.output_formats if name in FIGURE_FORMATS]
        has_ig_options = self.ig_n_steps is not None or self.ig_baseline is not None
        require(
            {
                f"output format is '{', '.join(unknown)}', expected {', '.join(known)}": not unknown,
                f"output format {', '.join(of_figures)} is of figures; ask for them with --plot": (
                    self.plot or not of_figures
                ),
                "a feature meta table needs the feature table it is about": (
                    self.feature_meta is None or self.feature_table is not None
                ),
                "the bundle is not read where a feature table is given; leave one of them out": (
                    self.bundle is None or self.feature_table is None
                ),
                f"ig_n_steps is {self.ig_n_steps}, expected 2 to 4096": (
                    self.ig_n_steps is None or 2 <= self.ig_n_steps <= 4096
                ),
                f"ig_baseline is '{self.ig_baseline}', expected {' or '.join(IG_BASELINES)}": (
                    self.ig_baseline is None or self.ig_baseline in IG_BASELINES
                ),
                "ig_n_steps and ig_baseline are for integrated gradients; ask for them with --integrated-gradients": (
                    self.integrated_gradients or not has_ig_options
                ),
                f"threads is {self.threads}, expected 1 or more": self.threads is None or self.threads >= 1,
            }
        )

    @property
    def figure_formats(self) -> tuple[str, ...]:
        """Formats of the figures: png unless told; none where none are drawn."""
        chosen = tuple(name for name in FIGURE_FORMATS if name in self.output_formats)
        return (chosen or FIGURE_FORMATS[:1]) if self.plot else ()

    @property
    def copy_formats(self) -> tuple[str, ...]:
        """Formats in which every table is written beside parquet."""
        return tuple(name for name in TABLE_FORMATS[1:] if name in self.output_formats)

    @property
    def content(self) -> dict[str, object]:
        """The options that decide what a module's files hold, as plain values."""
        return {
            "figures": list(self.figure_formats),
            "table_copies": list(self.copy_formats),
            "vae_attribution": self.vae_attribution,
            "integrated_gradients": self.integrated_gradients,
            "ig_n_steps": (self.ig_n_steps or IG_N_STEPS) if self.integrated_gradients else None,
            "ig_baseline": (self.ig_baseline or IG_BASELINES[0]) if self.integrated_gradients else None,
        }
