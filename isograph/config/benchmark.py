"""Configuration of ``isograph benchmark``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isograph.config.check import choice_check, require
from isograph.config.fit import FitConfig
from isograph.config.setting import setting
from isograph.errors import examples, option

GIVEN, WITHHELD = "given", "withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkConfig:
    """What ``isograph benchmark`` runs and where its results go.

    Every field is an option, which its help describes.
    """

    suites: tuple[str, ...] = setting((), "Suite to run; repeat for more.", flag="--suite", metavar="NAME")
    fixtures: tuple[str, ...] = setting(
        (),
        "Run these data sets of the suites only, or of any suite where none is named; repeat for more.",
        flag="--fixture",
        metavar="NAME",
    )
    bundles: tuple[Path, ...] = setting(
        (),
        "Bundle whose transcript counts are drawn again by either null and join the suite null_usage_v1; repeat for "
        "more.",
        flag="--bundle",
        metavar="PATH",
    )
    backend: str = setting("factor", "How networks are inferred: factor, vae or wgcna.")
    stage_name: str | None = setting(
        None,
        "Name of the reports and of the directory of snapshots.  [default: one a suite, <suite>-<backend>, with "
        "-selection before the backend where --fixture is given, and -bundles, -covariates behind it where they are]",
        metavar="NAME",
    )
    seeds: tuple[int, ...] = setting((0,), "Seed of simulation and fit; repeat for more.  [default: 0]", flag="--seed")
    stability: bool = setting(default=False, help="Also refit data without a known truth on halves of its samples.")
    covariates: str = setting(
        WITHHELD, "Whether confounders that a fixture records are projected out.", choices=(GIVEN, WITHHELD)
    )
    artifacts: Path = setting(Path("artifacts"), "Directory of benchmarks/ and reports/.")
    jobs: int = setting(
        1, "Fits at once, which share the cores: their seconds then compare with nothing else.", minimum=1
    )

    def __post_init__(self) -> None:
        repeated = sorted({seed for seed in self.seeds if self.seeds.count(seed) > 1})
        require(
            {
                "no seed, expected one or more": bool(self.seeds),
                f"seeds named more than once: {examples(repeated)}": not repeated,
                **choice_check(option("covariates"), self.covariates, (GIVEN, WITHHELD)),
                f"{option('jobs')} is {self.jobs}, expected 1 or more": self.jobs >= 1,
            }
        )
        for seed in self.seeds:
            FitConfig(backend=self.backend, seed=seed)
