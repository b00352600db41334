"""How much memory a run may take: what does not fit is refused before anything is allocated."""

from __future__ import annotations

from pathlib import Path

from isograph.errors import ResourceError

SHARE_OF_MEMORY = 0.8


def available_memory() -> int:
    """Return the bytes this process may still allocate: free memory or what its control group leaves, if less."""
    import psutil

    available = int(psutil.virtual_memory().available)
    limit, used = _cgroup_text("memory.max").strip(), _cgroup_text("memory.current").strip()
    if not (limit.isdigit() and used.isdigit()):
        return available
    # The page cache of the group counts as used, but the kernel gives it back before it refuses memory.
    lines = _cgroup_text("memory.stat").splitlines()
    reclaimable = sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
    return min(available, max(0, int(limit) - int(used) + reclaimable))


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


def _cgroup_text(name: str) -> str:
    """Return a file of the control group, nothing where there is none."""
    try:
        return Path(f"/sys/fs/cgroup/{name}").read_text(encoding="ascii")
    except OSError:
        return ""
