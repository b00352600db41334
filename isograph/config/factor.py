"""Configuration of the ``factor`` backend."""

from __future__ import annotations

from dataclasses import dataclass

from isograph.config.check import require


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorConfig:
    """Settings of the ``factor`` backend. The defaults are meant for every data set.

    Attributes
    ----------
    neighbours : strongest partners kept for each feature.
    fdr : share of the kept pairs that chance may explain.
    similarity_cuts : second-order similarities at which the graph is cut and partitioned.
    resolution : Leiden resolution; 1 is plain modularity.
    restarts : Leiden runs on the best graph at most, each with a seed of its own, while they improve the criterion.
    min_module_size : genes a module must have.
    min_kme : |kME| that a gene's best feature must reach for the gene to be in a module.
    remove_factors : hidden confounders to remove; ``auto`` leaves it to the rule, 0 removes none.
    keep_factors : numbers of found hidden confounders (1 is the first) that are left in.
    """

    neighbours: int = 60
    fdr: float = 1e-4
    similarity_cuts: tuple[float, ...] = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
    resolution: float = 1.0
    restarts: int = 9
    min_module_size: int = 3
    min_kme: float = 0.3
    remove_factors: int | None = None
    keep_factors: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        cuts = self.similarity_cuts
        require(
            {
                f"neighbours is {self.neighbours}, expected 1 to 10000": 1 <= self.neighbours <= 10_000,
                f"fdr is {self.fdr}, expected above 0 and below 1": 0 < self.fdr < 1,
                f"similarity_cuts is {list(cuts)}, expected one or more values from 0 to 1": len(cuts) > 0
                and all(0 <= cut <= 1 for cut in cuts),
                f"resolution is {self.resolution}, expected above 0": 0 < self.resolution < float("inf"),
                f"restarts is {self.restarts}, expected 1 to 1000": 1 <= self.restarts <= 1000,
                f"min_module_size is {self.min_module_size}, expected 2 or more": self.min_module_size >= 2,
                f"remove_factors is {self.remove_factors}, expected 0 to 20": self.remove_factors is None
                or 0 <= self.remove_factors <= 20,
                f"keep_factors is {list(self.keep_factors)}, expected numbers from 1": all(
                    number >= 1 for number in self.keep_factors
                ),
                f"min_kme is {self.min_kme}, expected 0 to 1": 0 <= self.min_kme <= 1,
            }
        )
