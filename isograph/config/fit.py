"""Configuration of ``isograph fit``."""

from __future__ import annotations

from dataclasses import dataclass

from isograph.config.backend import BACKENDS, BackendConfig, unknown_backend
from isograph.config.check import require
from isograph.config.sample_column import column_names
from isograph.config.setting import setting
from isograph.errors import option


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """What ``isograph fit`` does, beside where it reads and writes.

    Every field but ``settings`` is an option, which its help describes.

    Attributes
    ----------
    settings : the backend's own settings; None stands for its defaults.
    """

    backend: str = setting("factor", "How to infer the network: factor, vae or wgcna.")
    covariates: tuple[str, ...] = setting(
        (),
        "Sample column projected out of every feature; repeat for more.",
        flag="--covariate",
        metavar="COLUMN[:factor]",
    )
    traits: tuple[str, ...] = setting(
        (),
        "Sample column tested against modules; repeat for more.  [default: every column that can be one]",
        flag="--trait",
        metavar="COLUMN[:ref=LEVEL|:factor|:spline]",
    )
    individual: str | None = setting(
        None,
        "Sample column that names the person, line or animal: samples of one are not taken as independent in tests of "
        "traits.",
        metavar="COLUMN",
    )
    seed: int = setting(0, "Seed of everything that draws numbers.")
    threads: int | None = setting(
        None, "Threads to use; by default the cores this process may use. No result depends on it.", minimum=1
    )
    min_delta_usage: float = setting(
        0.1,
        "Least change of a transcript's share of its gene, between low and high samples, for the gene to have a switch "
        "feature.",
    )
    settings: BackendConfig | None = None

    @property
    def backend_settings(self) -> BackendConfig:
        """The backend's settings, its defaults where none were given."""
        return BACKENDS[self.backend]() if self.settings is None else self.settings

    def __post_init__(self) -> None:
        covariates, traits = column_names(self.covariates), column_names(self.traits)
        repeated = sorted({name for name in covariates if covariates.count(name) > 1})
        shared = sorted(set(covariates) & set(traits))
        require(
            {
                unknown_backend(self.backend): self.backend in BACKENDS,
                f"settings are a {type(self.settings).__name__}, which backend '{self.backend}' does not take": (
                    self.settings is None or type(self.settings) is BACKENDS.get(self.backend, type(self.settings))
                ),
                f"seed is {self.seed}, expected 0 to 2^32 − 1": 0 <= self.seed < 2**32,
                f"threads is {self.threads}, expected 1 or more": self.threads is None or self.threads >= 1,
                f"{option('min_delta_usage')} is {self.min_delta_usage}, expected 0 to 1": 0
                <= self.min_delta_usage
                <= 1,
                f"covariates named more than once: {', '.join(repeated)}": not repeated,
                f"covariates are projected out, so they cannot be traits too: {', '.join(shared)}": not shared,
                (
                    f"'{self.individual}' is a covariate, which takes what individuals differ in out of every feature: "
                    f"leave {option('individual')} out, and traits are tested within individuals"
                ): self.individual not in covariates,
                f"'{self.individual}' names the individuals, so it cannot be a trait too": self.individual
                not in traits,
            }
        )
