"""Multiplex co-expression networks of transcript abundance and isoform switching.

``open`` reads a bundle, a fit or an explanation, ``fit`` makes a fit, ``explain`` says why its modules are modules,
``simulate`` makes a bundle with planted truth; each is loaded on first use, so that importing isograph costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isograph.pipeline.compare import compare
    from isograph.pipeline.explain import explain
    from isograph.pipeline.fit import fit
    from isograph.pipeline.simulate import simulate
    from isograph.results.open import open  # noqa: A004
    from isograph.results.snapshot import load_snapshot, save_snapshot

__version__ = "0.2.0"
__all__ = ["__version__", "compare", "explain", "fit", "load_snapshot", "open", "save_snapshot", "simulate"]

_HOMES = {
    "compare": "isograph.pipeline.compare",
    "explain": "isograph.pipeline.explain",
    "fit": "isograph.pipeline.fit",
    "load_snapshot": "isograph.results.snapshot",
    "open": "isograph.results.open",
    "save_snapshot": "isograph.results.snapshot",
    "simulate": "isograph.pipeline.simulate",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOMES:
        raise AttributeError(f"module 'isograph' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


class _Package(ModuleType):
    """The package, in which a function keeps its name when the room of that name is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
