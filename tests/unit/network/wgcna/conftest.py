from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

VECTORS = Path(__file__).resolve().parents[4] / "fixtures" / "wgcna"
NETWORK_TYPES = {"u": "unsigned", "s": "signed", "h": "signed hybrid"}
TOM_TYPES = {"u": "unsigned", "s": "signed", "n": "signed Nowick"}


@dataclass(frozen=True)
class Vectors:
    """What R made of one simulated data set; see fixtures/wgcna/PROVENANCE.md."""

    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, object]

    def __contains__(self, key):
        return key in self.arrays

    def __getitem__(self, key):
        return self.arrays[key]

    def text(self, key):
        found = self.facts["strings"][key]
        return found if isinstance(found, list) else [found]

    @property
    def features(self):
        return self["X"].T.astype(np.float64)

    @property
    def good(self):
        return np.ascontiguousarray(self.features[np.ix_(self["goodGenes"], self["goodSamples"])])

    @property
    def params(self):
        return self.facts["params"]

    def power(self, network):
        return self.params["power"][network[0]]

    def network_type(self, network):
        return NETWORK_TYPES[network[0]]

    def tom_type(self, network):
        return TOM_TYPES[network[1]]


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Vectors]:
    loaded: dict[str, Vectors] = {}

    def load(case: str) -> Vectors:
        if case not in loaded:
            with np.load(VECTORS / f"{case}.npz", allow_pickle=False) as arrays:
                content = {key: arrays[key] for key in arrays.files}
            loaded[case] = Vectors(content, json.loads((VECTORS / f"{case}.json").read_text(encoding="utf-8")))
        return loaded[case]

    return load


def pytest_generate_tests(metafunc):
    """A test that takes ``case`` runs on every network case, one that takes ``network`` too on each of its networks."""
    if "case" not in metafunc.fixturenames:
        return
    cases = sorted(path.stem for path in VECTORS.glob("*.json") if "configs" in json.loads(path.read_text()))
    if "network" not in metafunc.fixturenames:
        metafunc.parametrize("case", cases)
        return
    networks = [
        (case, network) for case in cases for network in json.loads((VECTORS / f"{case}.json").read_text())["configs"]
    ]
    metafunc.parametrize(("case", "network"), networks)
