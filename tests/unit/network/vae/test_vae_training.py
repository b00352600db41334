from __future__ import annotations

import numpy as np
import pytest
import torch

from isograph.config import VaeConfig
from isograph.errors import ConvergenceError, UsageError
from isograph.network.vae.model import Sizes, linear_start
from isograph.network.vae.training import Adam, TrainingPlan, one_torch_thread, train, training_device


def plan(seed: int = 0, **settings: object) -> TrainingPlan:
    config = VaeConfig(**{"epochs": 150, "patience": 50, "hidden_sizes": (16,), **settings})
    return TrainingPlan(config, noise_variance=0.05, n_features=50, seed=seed, device=torch.device("cpu"))


def quiet(_: int, __: int) -> None:
    """Show no progress."""


@pytest.fixture(autouse=True)
def one_thread():
    """As in a fit; more threads only wait for each other on matrices this small."""
    with one_torch_thread():
        yield


@pytest.fixture
def curve() -> torch.Tensor:
    """Samples on a parabola in two directions, with a little noise."""
    rng = np.random.default_rng(5)
    position = rng.uniform(-2.0, 2.0, size=120)
    points = np.stack([position, position**2 - 4 / 3], axis=1) / np.std(position)
    return torch.from_numpy(points + 0.1 * rng.normal(size=points.shape))


@pytest.fixture
def plane() -> torch.Tensor:
    """Samples with variances 4, 2 and 0.01."""
    return torch.from_numpy(np.random.default_rng(6).normal(size=(200, 3)) * np.sqrt([4.0, 2.0, 0.01]))


def test_linear_start__is_the_optimum_of_a_linear_model(plane):
    networks = linear_start(plane, Sizes(9, 3, 3, (8,)), 0.05, beta=1.0, seed=0)
    variances = plane.var(dim=0, correction=0)
    mean, log_variance = networks.encoder(plane)
    expected = (1.0 - 0.05 / variances[:2]).tolist()
    assert mean.var(dim=0, correction=0)[:2].tolist() == pytest.approx(expected, rel=0.02)
    assert torch.exp(log_variance[0])[:2].tolist() == pytest.approx((0.05 / variances[:2]).tolist(), rel=0.02)
    # The third direction has less variance than noise: the prior, and next to nothing of the mean.
    assert log_variance[0, 2].item() == 0.0
    assert mean[:, 2].abs().max() < 0.05


def test_linear_start__cannot_be_bettered_by_small_steps(plane):
    networks = linear_start(plane, Sizes(9, 3, 2, (8,)), 0.05, beta=1.0, seed=0)
    # Antithetic draws of unit variance make the estimate of the bound exact for linear networks.
    draws = torch.stack([torch.ones((200, 2)), -torch.ones((200, 2))]).to(torch.float64)
    draws = torch.cat([draws, draws * torch.tensor([1.0, -1.0])])
    start = networks.measured(plane, draws).loss(1.0)
    for parameter in (networks.encoder.linear.weight, networks.decoder.linear.weight, networks.decoder.linear.bias):
        for change in (1e-3, -1e-3):
            with torch.no_grad():
                parameter.add_(change)
            assert networks.measured(plane, draws).loss(1.0) > start
            with torch.no_grad():
                parameter.sub_(change)


def test_train__keeps_the_linear_model_where_nothing_is_curved(plane):
    trained = train(plane, (2,), plan(), progress=quiet)
    assert trained.best_run.stopped == "patience"
    assert trained.best_run.best.loss(1.0) > trained.best_run.start.loss(1.0) - 0.2


def test_train__finds_a_curve_that_no_linear_model_of_its_size_holds(curve):
    trained = train(curve, (1,), plan(learning_rate=1e-2, epochs=400), progress=quiet)
    assert trained.best_run.best_epoch > 50
    assert trained.best_run.start.reconstruction > 5.0
    assert trained.best_run.best.reconstruction < 0.4 * trained.best_run.start.reconstruction
    assert trained.terms.reconstruction < 0.4 * trained.best_run.start.reconstruction


def test_train__chooses_the_latent_size_that_held_out_samples_choose(plane):
    trained = train(plane, (1, 2), plan(epochs=5), progress=quiet)
    losses = [run.best.loss(1.0) for run in trained.runs]
    assert [run.latent_size for run in trained.runs] == [1, 2]
    assert losses[1] < losses[0]
    assert trained.best_run.latent_size == 2
    assert trained.networks.sizes.latent_size == 2


def test_train__collapses_what_beta_makes_too_dear(plane):
    trained = train(plane, (3,), plan(beta=200.0, epochs=10), progress=quiet)
    assert max(trained.terms.divergence) < 0.01


def test_train__is_the_same_twice_and_with_more_threads(curve):
    weights = []
    for threads in (1, 2):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        with one_torch_thread():
            trained = train(curve, (2,), plan(seed=4, epochs=30), progress=quiet)
        assert torch.get_num_threads() == threads
        torch.set_num_threads(before)
        weights.append(torch.cat([weight.flatten() for weight in trained.networks.parameters]).numpy())
    np.testing.assert_array_equal(weights[0], weights[1])


def test_train__draws_with_the_seed_it_is_given_and_leaves_the_global_one_alone(curve):
    state = torch.get_rng_state()
    held_out = {train(curve, (2,), plan(seed=s, epochs=3), progress=quiet).best_run.start.loss(1.0) for s in (0, 1)}
    assert len(held_out) == 2
    assert torch.equal(torch.get_rng_state(), state)


def test_train__that_diverges_at_once_says_what_to_do(curve):
    with pytest.raises(ConvergenceError) as raised:
        train(curve, (2,), plan(learning_rate=1e6), progress=quiet)
    assert str(raised.value) == (
        "training diverged in epoch 1, before any epoch was better than the linear model it starts from. Lower "
        "learning_rate or clip_norm (settings={'learning_rate': 0.0001}), or use backend='factor', which trains "
        "nothing."
    )


def test_train__that_uses_up_its_epochs_says_so(curve):
    trained = train(curve, (1,), plan(epochs=20), progress=quiet)
    assert (trained.best_run.stopped, trained.best_run.epochs_run) == ("epochs", 20)


def test_train__reports_how_far_it_is(plane):
    progress: list[tuple[int, int]] = []
    train(plane, (2,), plan(epochs=4), progress=lambda *done: progress.append(done))
    assert progress[:4] == [(1, 8), (2, 8), (3, 8), (4, 8)]
    assert progress[-1] == (8, 8)


def test_adam__takes_the_steps_of_the_paper():
    # Gradients 3 and 1; each first step is the learning rate, whatever the gradient.
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0], dtype=torch.float64))
    adam = Adam([parameter], 0.1)
    parameter.grad = torch.tensor([3.0, -1.0], dtype=torch.float64)
    adam.step()
    assert parameter.tolist() == pytest.approx([0.9, 2.1])
    assert parameter.grad is None
    parameter.grad = torch.tensor([1.0, -1.0], dtype=torch.float64)
    adam.step()
    mean, square = (0.9 * 0.1 * 3 + 0.1 * 1) / (1 - 0.9**2), (0.999 * 0.001 * 9 + 0.001 * 1) / (1 - 0.999**2)
    assert parameter.tolist() == pytest.approx([0.9 - 0.1 * mean / (np.sqrt(square) + 1e-8), 2.2])


def test_training_device__says_what_a_missing_gpu_needs(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(UsageError) as raised:
        training_device("cuda")
    assert str(raised.value) == (
        f"device is cuda, but torch {torch.__version__} was built without CUDA. Use settings={{'device': "
        "'cpu'}, or install a build of torch for CUDA on a machine with an NVIDIA GPU and its driver."
    )
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(UsageError, match="finds no usable GPU"):
        training_device("cuda")
    assert training_device("cpu") == torch.device("cpu")
