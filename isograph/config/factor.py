"""Configuration of the ``factor`` backend."""

from __future__ import annotations

from dataclasses import dataclass

from isograph.config.check import cuts_check, graph_checks, require


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorConfig:
    """Settings of the ``factor`` backend. The defaults are meant for every data set.

    Attributes
    ----------
    switch_score : usage, or clr for the switch score of isograph 0.2.0 and 0.1.5, which tests nothing against noise.
    neighbours : strongest partners kept for each feature.
    fdr : share of the kept pairs that chance may explain.
    power : soft-thresholding power: profiles of |r|^power are compared.
    similarity_cut : second-order similarity that a pair must reach to be an edge.
    sharpness : power that a similarity is raised to as the weight of its edge.
    resolution : Leiden resolution; 1 is plain modularity.
    min_inside : share of its weight that must lead a feature to its own module; below it lies between modules.
    restarts : Leiden runs at most, three at a time, until three agree or none raises the modularity.
    min_module_size : genes a module must have.
    min_kme : |kME| that a gene's best feature must reach for the gene to be in a module.
    search_cuts : second-order similarities at which the graph is cut while hidden confounders are looked for.
    remove_factors : hidden confounders to remove; ``auto`` leaves it to the rule, 0 removes none.
    keep_factors : numbers of found hidden confounders (1 is the first) that are left in.
    """

    switch_score: str = "usage"
    neighbours: int = 60
    fdr: float = 1e-4
    power: float = 4.0
    similarity_cut: float = 0.2
    sharpness: float = 2.0
    resolution: float = 0.6
    min_inside: float = 0.5
    restarts: int = 9
    min_module_size: int = 3
    min_kme: float = 0.3
    search_cuts: tuple[float, ...] = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
    remove_factors: int | None = None
    keep_factors: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require(
            {
                **graph_checks(self),
                **cuts_check("search_cuts", self.search_cuts),
                f"similarity_cut is {self.similarity_cut}, expected 0 to 1": 0 <= self.similarity_cut <= 1,
                f"restarts is {self.restarts}, expected 1 to 1000": 1 <= self.restarts <= 1000,
                f"remove_factors is {self.remove_factors}, expected 0 to 20": self.remove_factors is None
                or 0 <= self.remove_factors <= 20,
                f"keep_factors is {list(self.keep_factors)}, expected numbers from 1": all(
                    number >= 1 for number in self.keep_factors
                ),
            }
        )
