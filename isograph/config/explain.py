"""Configuration of ``isograph explain-module``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isograph.config.check import choice_check, require
from isograph.config.setting import setting
from isograph.errors import option

FIGURE_FORMATS = ("png", "pdf", "svg")
TABLE_FORMATS = ("parquet", "csv", "tsv")
IG_BASELINES = ("zero", "mean")
IG_N_STEPS = 16
MAX_IG_N_STEPS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainConfig:
    """What ``isograph explain-module`` does, beside where it reads and writes.

    Every field but these is an option, which its help describes.

    Attributes
    ----------
    bundle : where the bundle of the fit is; None for where it was when the fit was made.
    threads : threads to use; None for the cores this process may use. No result depends on it.
    """

    module_ids: tuple[str, ...] = setting(
        (), "Modules to explain; repeat or join by commas for more.  [default: all]", metavar="ID[,ID…]"
    )
    plot: bool = setting(default=False, help="Draw figures beside the tables.")
    output_formats: tuple[str, ...] = setting(
        (),
        "Format of figures, or of copies of the tables beside parquet; repeat for more.  [default: png]",
        flag="--output-format",
        metavar="png|pdf|svg|csv|tsv",
    )
    bundle: Path | None = None
    feature_table: Path | None = setting(
        None, "Features to explain with instead of the fit's: feature_id and one column per sample."
    )
    feature_meta: Path | None = setting(
        None, "Their gene_id, transcript_id and feature_type, where these are not in the same table."
    )
    module_score_table: Path | None = setting(
        None, "Scores to explain instead of eigengenes: module_id, sample_id, score."
    )
    annotation_table: Path | None = setting(
        None, "Columns to add to the tables by gene_id, transcript_id or feature_id."
    )
    vae_attribution: bool = setting(default=False, help="Tables of the response of the vae's decoder; vae fits only.")
    integrated_gradients: bool = setting(default=False, help="Tables of the encoder's attributions; vae fits only.")
    ig_n_steps: int | None = setting(None, "Steps of the integral to begin with.  [default: 16]")
    ig_baseline: str | None = setting(None, "Where it begins.  [default: zero]", choices=IG_BASELINES)
    threads: int | None = None

    def __post_init__(self) -> None:
        known = (*FIGURE_FORMATS, *TABLE_FORMATS)
        unknown = [name for name in self.output_formats if name not in known]
        of_figures = [name for name in self.output_formats if name in FIGURE_FORMATS]
        formats = option("output_formats", flag="--output-format")
        n_steps, baseline = option("ig_n_steps"), option("ig_baseline")
        has_ig_options = self.ig_n_steps is not None or self.ig_baseline is not None
        require(
            {
                f"{formats} is '{', '.join(unknown)}', expected {', '.join(known)}": not unknown,
                f"{formats} {', '.join(of_figures)} is of figures; ask for them with {option('plot', value=True)}": (
                    self.plot or not of_figures
                ),
                f"{option('feature_meta')} needs the {option('feature_table')} that it describes": (
                    self.feature_meta is None or self.feature_table is not None
                ),
                f"{option('bundle')} is not read where there is a {option('feature_table')}; leave one of them out": (
                    self.bundle is None or self.feature_table is None
                ),
                f"{n_steps} is {self.ig_n_steps}, expected 2 to {MAX_IG_N_STEPS}": (
                    self.ig_n_steps is None or 2 <= self.ig_n_steps <= MAX_IG_N_STEPS
                ),
                **({} if self.ig_baseline is None else choice_check(baseline, self.ig_baseline, IG_BASELINES)),
                f"{n_steps} and {baseline} are for integrated gradients; ask for them with "
                f"{option('integrated_gradients', value=True)}": self.integrated_gradients or not has_ig_options,
                f"{option('threads')} is {self.threads}, expected 1 or more": (
                    self.threads is None or self.threads >= 1
                ),
            }
        )

    @property
    def figure_formats(self) -> tuple[str, ...]:
        """Formats of the figures: png unless another is asked for; none where none are drawn."""
        formats = tuple(name for name in FIGURE_FORMATS if name in self.output_formats)
        return (formats or FIGURE_FORMATS[:1]) if self.plot else ()

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
