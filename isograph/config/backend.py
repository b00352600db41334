"""The backends' configurations by name, and their settings from values or from text."""

from __future__ import annotations

from collections.abc import Mapping

from isograph.config.factor import FactorConfig
from isograph.config.vae import VaeConfig
from isograph.config.values import setting_types, typed_values, values_of_texts
from isograph.config.wgcna import WgcnaConfig
from isograph.errors import ConfigError, did_you_mean

BackendConfig = FactorConfig | VaeConfig | WgcnaConfig
GraphSettings = FactorConfig | VaeConfig
BACKENDS: dict[str, type[BackendConfig]] = {"factor": FactorConfig, "vae": VaeConfig, "wgcna": WgcnaConfig}


def backend_settings(backend: str, values: Mapping[str, object]) -> BackendConfig:
    """Return the backend's configuration with these values in place of its defaults.

    Raises
    ------
    ConfigError
        The backend or a setting is not known, or a value is of another type or out of range; all are named.
    """
    if backend not in BACKENDS:
        raise ConfigError(unknown_backend(backend))
    configuration = BACKENDS[backend]
    typed, problems = typed_values(values, setting_types(configuration))
    try:
        settings = configuration(**typed)
    except ConfigError as error:
        problems.append(str(error))
    if problems:
        raise ConfigError("; ".join(problems))
    return settings


def backend_settings_of_texts(backend: str, texts: Mapping[str, str]) -> BackendConfig:
    """Return the backend's configuration from ``--set key=value``; raises what ``backend_settings`` does."""
    types = setting_types(BACKENDS[backend]) if backend in BACKENDS else {}
    return backend_settings(backend, values_of_texts(texts, types))


def unknown_backend(backend: str) -> str:
    """Return the sentence for a backend that does not exist."""
    return f"no backend '{backend}'{did_you_mean(backend, BACKENDS, '')} ({'; '.join(BACKENDS)})"
