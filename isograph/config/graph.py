"""The settings of a feature graph and its division, which backends share."""

from __future__ import annotations

from typing import Protocol


class GraphSettings(Protocol):
    """What decides which pairs of features are edges and how their graph is divided into modules."""

    @property
    def neighbours(self) -> int:
        """Strongest partners kept for each feature."""

    @property
    def fdr(self) -> float:
        """Share of the kept pairs that chance may explain."""

    @property
    def power(self) -> float:
        """Soft-thresholding power of the profiles that are compared."""

    @property
    def sharpness(self) -> float:
        """Power that a similarity is raised to as the weight of its edge."""

    @property
    def resolution(self) -> float:
        """Leiden resolution; 1 is plain modularity."""

    @property
    def min_inside(self) -> float:
        """Share of its weight that must lead a feature to its own module."""

    @property
    def min_module_size(self) -> int:
        """Genes a module must have."""

    @property
    def min_kme(self) -> float:
        """|kME| that a gene's best feature must reach for the gene to be in a module."""


def graph_checks(settings: GraphSettings) -> dict[str, bool]:
    """Return what must hold for the settings, each by the sentence that says what does not."""
    return {
        f"neighbours is {settings.neighbours}, expected 1 to 10000": 1 <= settings.neighbours <= 10_000,
        f"fdr is {settings.fdr}, expected above 0 and below 1": 0 < settings.fdr < 1,
        f"power is {settings.power}, expected above 0 and at most 30": 0 < settings.power <= 30,
        f"sharpness is {settings.sharpness}, expected above 0 and at most 30": 0 < settings.sharpness <= 30,
        f"resolution is {settings.resolution}, expected above 0": 0 < settings.resolution < float("inf"),
        f"min_inside is {settings.min_inside}, expected 0 to 1": 0 <= settings.min_inside <= 1,
        f"min_module_size is {settings.min_module_size}, expected 2 or more": settings.min_module_size >= 2,
        f"min_kme is {settings.min_kme}, expected 0 to 1": 0 <= settings.min_kme <= 1,
    }


def cuts_check(name: str, cuts: tuple[float, ...]) -> dict[str, bool]:
    """Return what must hold for a list of similarities at which a graph is cut."""
    sentence = f"{name} is {list(cuts)}, expected one or more values from 0 to 1"
    return {sentence: len(cuts) > 0 and all(0 <= cut <= 1 for cut in cuts)}
