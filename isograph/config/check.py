"""How a configuration is checked: every broken range is named at once."""

from __future__ import annotations

from isograph.errors import ConfigError


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
