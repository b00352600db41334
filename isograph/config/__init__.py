"""One frozen dataclass per command and per backend; every range is checked when it is made."""

from isograph.config.backend import BACKENDS, BackendConfig, backend_settings, backend_settings_of_texts
from isograph.config.explain import ExplainConfig
from isograph.config.factor import FactorConfig
from isograph.config.fit import FitConfig
from isograph.config.import_ import ImportConfig
from isograph.config.vae import VaeConfig
from isograph.config.wgcna import WgcnaConfig

__all__ = [
    "BACKENDS",
    "BackendConfig",
    "ExplainConfig",
    "FactorConfig",
    "FitConfig",
    "ImportConfig",
    "VaeConfig",
    "WgcnaConfig",
    "backend_settings",
    "backend_settings_of_texts",
]
