"""The samples of a fixture, and how active each module is in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.simulation.spec import FixtureSpec

N_BATCHES = 4
RIN_BEST = 10.0
RIN_RANGE = 6.0
RIN_SHAPE = (2.0, 3.0)
RIN_SD = 1.2
FRACTION_SHAPE = (4.0, 4.0)
SOFTNESS = 0.15


@dataclass(frozen=True, slots=True)
class SimulatedSamples:
    """The samples of a fixture.

    Attributes
    ----------
    diagnosed : (n_samples,), one half.
    age : (n_samples,), years.
    male : (n_samples,).
    rin : (n_samples,), RNA integrity, 4 to 10.
    cell_fraction : (n_samples,), 0 to 1.
    batch : (n_samples,), 0 to 3, equal in number.
    log_depth : (n_samples,), log of the library size over the usual one.
    """

    diagnosed: Flags
    age: Vector
    male: Flags
    rin: Vector
    cell_fraction: Vector
    batch: Index
    log_depth: Vector

    def table(self, recorded: tuple[str, ...]) -> pl.DataFrame:
        """Return the sample table with the ``recorded`` covariates; ``depth`` is on a log2 scale."""
        covariates = {
            "rin": pl.Series(self.rin),
            "cell_fraction": pl.Series(self.cell_fraction),
            "batch": pl.Series([f"B{level + 1}" for level in self.batch], dtype=pl.String),
            "depth": pl.Series(self.log_depth / np.log(2)),
        }
        return pl.DataFrame(
            {
                "sample_id": [f"S{sample:04d}" for sample in range(len(self.age))],
                "Dx": np.where(self.diagnosed, "Case", "Control").tolist(),
                "Age": self.age,
                "Sex": np.where(self.male, "M", "F").tolist(),
                **{name: covariates[name] for name in recorded},
            }
        )


def simulated_samples(spec: FixtureSpec, rng: np.random.Generator) -> SimulatedSamples:
    """Return the samples of ``spec``.

    Age is normal, 48 ± 11 years, within 18 to 90; RIN is 10 − 6 × Beta(2, 3), cell fraction Beta(4, 4); all are
    independent of each other.
    """
    n = spec.n_samples
    return SimulatedSamples(
        diagnosed=rng.permutation(np.arange(n) % 2 == 1),
        age=np.clip(rng.normal(48.0, 11.0, n), 18.0, 90.0),
        male=rng.random(n) < 0.5,
        rin=RIN_BEST - RIN_RANGE * rng.beta(*RIN_SHAPE, n),
        cell_fraction=rng.beta(*FRACTION_SHAPE, n),
        batch=rng.permutation(np.arange(n) % N_BATCHES),
        log_depth=spec.depth_sd * rng.standard_normal(n),
    )


def activities(spec: FixtureSpec, samples: SimulatedSamples, rng: np.random.Generator) -> Matrix:
    """Return how active each module is in each sample: (n_modules, n_samples), mean 0 and sd 1 in every row.

    z_m = u_m + b_m × diagnosis + a_m × age + w × c before it is standardised: u_m is standard normal, or one of the
    shapes of two latents; diagnosis and age have mean 0 and sd 1; |b_m| is between half of ``diagnosis_effect`` and
    all of it, |a_m| likewise, signs at random; c is one standard normal variable for all modules and w is
    ``confounder_weight``.
    """
    n_modules = len(spec.module_sizes)
    own = rng.standard_normal((n_modules, spec.n_samples))
    if spec.activity == "rings_and_quadrants":
        # Four shapes over the plane of two latents: inner ring, outside, first and third quadrant.
        x, y = rng.standard_normal((2, spec.n_samples))
        radius = np.hypot(x, y)
        ring = np.exp(-0.5 * ((radius - 0.7) / 0.25) ** 2)
        own = standardised(np.array([ring, _step(radius - 1.7), _step(x) * _step(y), _step(-x) * _step(-y)]))
    confounder = rng.standard_normal(spec.n_samples)
    diagnosis = _effects(n_modules, spec.diagnosis_effect, rng) * standardised(samples.diagnosed.astype(np.float64))
    age = _effects(n_modules, spec.age_effect, rng) * standardised(samples.age)
    return standardised(own + diagnosis + age + spec.confounder_weight * confounder)


def standardised(rows: Matrix) -> Matrix:
    """Return the rows (…, n_samples) with mean 0 and sd 1; constant rows become 0."""
    centred = rows - rows.mean(axis=-1, keepdims=True)
    sd = centred.std(axis=-1, keepdims=True)
    return np.asarray(np.divide(centred, sd, out=np.zeros_like(centred), where=sd > 0))


def _effects(n_modules: int, largest: float, rng: np.random.Generator) -> Matrix:
    size = largest * rng.uniform(0.5, 1.0, (n_modules, 1))
    return np.asarray(size * rng.choice(np.array([-1.0, 1.0]), (n_modules, 1)))


def _step(values: Vector) -> Vector:
    return np.asarray(1.0 / (1.0 + np.exp(-values / SOFTNESS)))
