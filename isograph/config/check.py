"""How a configuration is checked: every broken range is named at once."""

from __future__ import annotations

from isograph.errors import ConfigError

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


def require_known_score(name: str) -> None:
    """Raise when there is no switch score of that name.

    Raises
    ------
    ConfigError
        There is none.
    """
    require({f"switch_score is '{name}', expected {' or '.join(SWITCH_SCORES)}": name in SWITCH_SCORES})
