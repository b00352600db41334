"""Configuration of the ``wgcna`` backend."""

from __future__ import annotations

from dataclasses import dataclass

from isograph.config.check import SWITCH_SCORES, choice_check, require

NETWORK_TYPES = ("unsigned", "signed", "signed hybrid")
TOM_TYPES = ("unsigned", "signed", "signed Nowick", "unsigned 2", "signed 2", "signed Nowick 2", "none")
TOM_DENOMS = ("min", "mean")
COR_TYPES = ("pearson", "bicor")
PEARSON_FALLBACKS = ("none", "individual", "all")
MAX_POWER = 30
R_POWER = 6.0
R_MAX_BLOCK_SIZE = 5000


def canonical(name: str, known: tuple[str, ...]) -> str:
    """Return ``name`` as R spells it: ``_`` may stand for a blank, and case does not matter. Unknown names stay."""
    spelled = {entry.lower(): entry for entry in known}
    return spelled.get(name.replace("_", " ").lower(), name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WgcnaConfig:
    """Settings of the ``wgcna`` backend, named as the arguments of R's ``blockwiseModules`` and with its defaults.

    Attributes
    ----------
    switch_score : usage, or clr for the switch score of isograph 0.2.0 and 0.1.5, which tests nothing against noise.
    network_type : unsigned, signed or signed hybrid: what of a correlation makes two features alike.
    tom_type : unsigned, signed, signed Nowick, each also with 2 behind it, or none: the kind of topological overlap.
    tom_denom : min or mean of two connectivities in the overlap's denominator.
    cor_type : pearson or bicor.
    max_p_outliers : bicor: share of the values on either side that may count as outliers.
    quick_cor : share of missing values up to which a pair is not correlated again on its common samples.
    pearson_fallback : bicor: none, individual or all: what becomes of features whose median absolute deviation is 0.
    power : soft-threshold power, 1 to 30; auto: the smallest that makes the network scale-free (r_squared_cut).
    r_squared_cut : scale-free R² above which a power is good enough.
    max_block_size : features in one block at most; auto: all of them in one.
    n_preclustering_centers : centres the blocks are made from; auto: R's number.
    block_size_penalty_power : how strongly too large blocks are avoided.
    random_seed : seed of the blocks, of R's random numbers.
    deep_split : 0 to 4: how finely the tree is cut.
    detect_cut_height : height at which the tree is cut at most.
    min_module_size : features a module must have; auto: 20, or half of all if that is less.
    pam_stage : features outside branches join modules that are near.
    pam_respects_dendro : only modules of their own branch.
    min_core_kme : kME that core features must have.
    min_core_kme_size : core features a module must have; auto: a third of min_module_size.
    min_kme_to_stay : kME below which a feature leaves its module.
    reassign_threshold : ratio of p-values below which a feature moves to the module it correlates with best.
    merge_cut_height : dissimilarity of eigengenes up to which modules are merged.
    edges_per_feature : strongest overlaps of each feature kept as edges.
    r_defaults : power 6 and blocks of 5,000 where they are auto, as R.
    """

    switch_score: str = "usage"
    network_type: str = "unsigned"
    tom_type: str = "signed"
    tom_denom: str = "min"
    cor_type: str = "pearson"
    max_p_outliers: float = 1.0
    quick_cor: float = 0.0
    pearson_fallback: str = "individual"
    power: float | None = None
    r_squared_cut: float = 0.85
    max_block_size: int | None = None
    n_preclustering_centers: int | None = None
    block_size_penalty_power: float = 5.0
    random_seed: int = 54321
    deep_split: float = 2.0
    detect_cut_height: float = 0.995
    min_module_size: float | None = None
    pam_stage: bool = True
    pam_respects_dendro: bool = True
    min_core_kme: float = 0.5
    min_core_kme_size: float | None = None
    min_kme_to_stay: float = 0.3
    reassign_threshold: float = 1e-6
    merge_cut_height: float = 0.15
    edges_per_feature: int = 20
    r_defaults: bool = False

    def __post_init__(self) -> None:
        for name, known in (("network_type", NETWORK_TYPES), ("tom_type", TOM_TYPES)):
            object.__setattr__(self, name, canonical(getattr(self, name), known))
        ranges = {
            "max_p_outliers": (0, 1),
            "quick_cor": (0, 1),
            "power": (1, MAX_POWER),
            "r_squared_cut": (0, 1),
            "max_block_size": (10, 2**31),
            "n_preclustering_centers": (2, 2**31),
            "block_size_penalty_power": (0, 100),
            "random_seed": (0, 2**31 - 1),
            "deep_split": (0, 4),
            "detect_cut_height": (0, 10),
            "min_module_size": (1, 2**31),
            "min_core_kme": (0, 1),
            "min_core_kme_size": (0, 2**31),
            "min_kme_to_stay": (0, 1),
            "reassign_threshold": (0, 1),
            "merge_cut_height": (0, 2),
            "edges_per_feature": (1, 1000),
        }
        checks = {
            **choice_check("switch_score", self.switch_score, SWITCH_SCORES),
            **choice_check("network_type", self.network_type, NETWORK_TYPES),
            **choice_check("tom_type", self.tom_type, TOM_TYPES),
            **choice_check("tom_denom", self.tom_denom, TOM_DENOMS),
            **choice_check("cor_type", self.cor_type, COR_TYPES),
            **choice_check("pearson_fallback", self.pearson_fallback, PEARSON_FALLBACKS),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            checks[f"{name} is {value}, expected {low} to {high}"] = value is None or low <= value <= high
        require(checks)
