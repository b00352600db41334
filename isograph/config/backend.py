"""The backends' configurations by name, and settings given as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, get_args, get_origin, get_type_hints

from isograph.config.factor import FactorConfig
from isograph.config.vae import VaeConfig
from isograph.config.wgcna import WgcnaConfig
from isograph.errors import ConfigError

BackendConfig = FactorConfig | VaeConfig | WgcnaConfig

BACKENDS: dict[str, type[BackendConfig]] = {"factor": FactorConfig, "vae": VaeConfig, "wgcna": WgcnaConfig}


def backend_settings(backend: str, given: Mapping[str, str]) -> BackendConfig:
    """Return the backend's configuration with ``given`` (``--set key=value``) in place of its defaults.

    Raises
    ------
    ConfigError
        The backend, a key or a value is not known or out of range; all are named.
    """
    if backend not in BACKENDS:
        raise ConfigError(unknown_backend(backend))
    configuration = BACKENDS[backend]
    defaults = {field.name: getattr(configuration(), field.name) for field in fields(configuration)}
    annotations = get_type_hints(configuration)
    problems, values = [], {}
    for key, text in given.items():
        if key not in defaults:
            problems.append(f"backend '{backend}' has no setting '{key}'{_nearest(key, defaults)}")
            continue
        try:
            values[key] = _value_of(annotations[key], text)
        except (ValueError, KeyError):
            problems.append(f"{key} is '{text}', expected a value like {_as_text(defaults[key])}")
    try:
        settings = configuration(**values)
    except ConfigError as error:
        problems.append(str(error))
    if problems:
        raise ConfigError("; ".join(problems))
    return settings


def _value_of(annotation: Any, text: str) -> Any:  # noqa: ANN401
    """Return ``text`` as a value of the annotated type; ``auto`` is None where None is allowed."""
    kinds = get_args(annotation)
    if type(None) in kinds:
        return None if text == "auto" else _value_of(kinds[0], text)
    if get_origin(annotation) is tuple:
        return tuple(_value_of(kinds[0], part) for part in text.split(","))
    if annotation is bool:
        return {"true": True, "false": False}[text.lower()]
    return annotation(text)


def _as_text(default: object) -> str:
    """Return a setting as it is written on the command line."""
    if default is None:
        return "auto or a number"
    if isinstance(default, tuple):
        return ",".join(str(part) for part in default) or "1 or 1,2"
    return str(default).lower() if isinstance(default, bool) else str(default)


def unknown_backend(backend: str) -> str:
    """Return the sentence for a backend that does not exist."""
    return f"no backend '{backend}'{_nearest(backend, BACKENDS)}"


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(name, names, n=1)
    meant = f"; did you mean '{close[0]}'?" if close else ""
    return f"{meant} ({'; '.join(names)})" if len(names) > 1 else f"{meant} (there is {names[0]})"
