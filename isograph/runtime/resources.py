"""How much memory a run may take: what does not fit is refused before anything is allocated."""

from __future__ import annotations

from pathlib import Path

from isograph.errors import ResourceError

SHARE_OF_MEMORY = 0.8


def available_memory() -> int:
    """Return the bytes this process may still allocate: free memory or what its control group leaves, if less."""
    import psutil

    available = int(psutil.virtual_memory().available)
    left = _cgroup_memory_left()
    return available if left is None else min(available, left)


def resident_memory() -> int:
    """Return the bytes this process holds."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def require_memory(needed: int, *, what: str, remedy: str) -> None:
    """Raise when ``needed`` bytes are more than 80 % of what is available.

    Raises
    ------
    ResourceError
        The message says what is needed, what is available, and ``remedy``.
    """
    available = available_memory()
    if needed > SHARE_OF_MEMORY * available:
        raise ResourceError(
            f"{what} needs about {in_units(needed)} of memory; {in_units(available)} are available, of which isograph "
            f"uses at most {SHARE_OF_MEMORY:.0%}. {remedy}"
        )


def in_units(n_bytes: float) -> str:
    """Return ``n_bytes`` as text in MB or GB."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


def _cgroup_memory_left() -> int | None:
    limit = _read_number("/sys/fs/cgroup/memory.max")
    used = _read_number("/sys/fs/cgroup/memory.current")
    return None if limit is None or used is None else max(0, limit - used + _reclaimable())


def _reclaimable() -> int:
    """Return the bytes of the control group's page cache that the kernel gives back before it refuses memory."""
    try:
        lines = Path("/sys/fs/cgroup/memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))


def _read_number(path: str) -> int | None:
    try:
        text = Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
