"""How a configuration is checked: every broken range is named at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isograph.errors import ConfigError

if TYPE_CHECKING:
    from isograph.config.factor import FactorConfig
    from isograph.config.vae import VaeConfig

SWITCH_SCORES = ("usage", "clr")


def require(checks: dict[str, bool]) -> None:
    """Raise with every sentence whose check does not hold.

    Raises
    ------
    ConfigError
        At least one check does not hold.
    """
    broken = [sentence for sentence, holds in checks.items() if not holds]
    if broken:
        raise ConfigError("; ".join(broken))


def choice_check(name: str, value: str, choices: Sequence[str]) -> dict[str, bool]:
    """Return what must hold for a value that is one of several texts."""
    sentence = f"{name} is '{value}', expected {', '.join(choices[:-1])} or {choices[-1]}"
    return {sentence: value in choices}


def cuts_check(name: str, cuts: Sequence[float]) -> dict[str, bool]:
    """Return what must hold for a list of similarities at which a graph is cut."""
    sentence = f"{name} is {list(cuts)}, expected one or more values from 0 to 1"
    return {sentence: len(cuts) > 0 and all(0 <= cut <= 1 for cut in cuts)}


def graph_checks(settings: FactorConfig | VaeConfig) -> dict[str, bool]:
    """Return what must hold for the settings of features, their graph and its division, which these backends share."""
    return {
        **choice_check("switch_score", settings.switch_score, SWITCH_SCORES),
        f"neighbours is {settings.neighbours}, expected 1 to 10000": 1 <= settings.neighbours <= 10_000,
        f"fdr is {settings.fdr}, expected above 0 and below 1": 0 < settings.fdr < 1,
        f"power is {settings.power}, expected above 0 and at most 30": 0 < settings.power <= 30,
        f"sharpness is {settings.sharpness}, expected above 0 and at most 30": 0 < settings.sharpness <= 30,
        f"resolution is {settings.resolution}, expected above 0": 0 < settings.resolution < float("inf"),
        f"min_inside is {settings.min_inside}, expected 0 to 1": 0 <= settings.min_inside <= 1,
        f"min_module_size is {settings.min_module_size}, expected 2 or more": settings.min_module_size >= 2,
        f"min_kme is {settings.min_kme}, expected 0 to 1": 0 <= settings.min_kme <= 1,
    }
