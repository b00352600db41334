from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import eigengene as reference

from isograph.kernels.eigengene import eigengenes, kme

# NOTE: an eigengene is found to 1e-13 of the largest eigenvalue over the gap to the second, which is above 1e-2 of the
# largest in the random modules.
CLOSE = 1e-11
UNTOUCHED = -7.5


def components_of(z, modules):
    z = np.array(z, dtype=np.float64)
    return components_between(0, len(modules), z, modules)


def components_between(start, stop, z, modules):
    out, explained = np.full((len(modules), z.shape[1]), UNTOUCHED), np.full(len(modules), UNTOUCHED)
    offsets = np.concatenate([[0], np.cumsum([len(members) for members in modules])])
    eigengenes(z, np.concatenate(modules).astype(np.int64), offsets, start, stop, out, explained)
    return out, explained


def memberships(z, components, component_of):
    z = np.array(z, dtype=np.float64)
    out = np.full(len(z), UNTOUCHED)
    kme(z, np.array(components, dtype=np.float64), np.array(component_of), 0, len(z), out)
    return out


def centred(p, n, seed, *, signal=1.0):
    """Rows of noise around one latent, some of them with the opposite sign."""
    rng = np.random.default_rng([p, n, seed])
    z = rng.normal(size=(p, n)) + signal * rng.choice([-1, 1], size=(p, 1)) * rng.normal(size=n)
    return z - z.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("n", [3, 4, 10, 40])
@pytest.mark.parametrize("m", [1, 2, 3, 7, 60])
def test_eigengenes__equal_a_full_decomposition(m, n):
    z = centred(m, n, seed=0)
    found, explained = components_of(z, [np.arange(m)])
    expected, share = reference.eigengenes(z, [np.arange(m)])
    assert_allclose(found, expected, rtol=0, atol=CLOSE)
    assert_allclose(explained, share, rtol=1e-13)


def test_eigengenes__are_those_of_each_module_by_itself():
    z = centred(20, 12, seed=1)
    modules = [np.array([3, 4, 19]), np.array([0]), np.array([1, 2, 5, 6, 7, 8, 9, 10]), np.array([11, 18])]
    found, explained = components_of(z, modules)
    expected, share = reference.eigengenes(z, modules)
    assert_allclose(found, expected, rtol=0, atol=CLOSE)
    assert_allclose(explained, share, rtol=1e-13)


def test_eigengenes__equal_the_one_found_by_hand():
    # (−1, 0, 1) twice and the orthogonal (1, −2, 1): the first direction holds 4 of the 10 squares, the second 6.
    found, explained = components_of([[-1, 0, 1], [-1, 0, 1], [1, -2, 1]], [np.arange(3)])
    assert_allclose(found[0], np.array([1, -2, 1]) / 6**0.5, rtol=0, atol=1e-15)
    assert explained[0] == pytest.approx(0.6, rel=1e-15)


def test_eigengenes__of_a_single_member_is_that_member():
    z = centred(1, 9, seed=2)
    found, explained = components_of(z, [np.arange(1)])
    assert_allclose(found[0], z[0] / np.linalg.norm(z[0]), rtol=0, atol=1e-15)
    assert explained[0] == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("copies", [2, 5, 30])
def test_eigengenes__of_identical_features_is_that_feature(copies):
    row = centred(1, 15, seed=3)
    found, explained = components_of(np.repeat(row, copies, axis=0), [np.arange(copies)])
    assert_allclose(found[0], row[0] / np.linalg.norm(row[0]), rtol=0, atol=1e-15)
    assert explained[0] == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize(
    "pattern",
    [
        [1, -1, -1, 1, -1, 1, 1, -1],
        [1, -1, -1, 1, -1, 1, 1, -1, -1, 1, 1, -1, 1, -1, -1, 1],
        [-1, 3, -3, 1, 0],
        [1, -1, 1, -1],
        [1, -2, 1],
    ],
)
@pytest.mark.parametrize("copies", [1, 3])
def test_eigengenes__find_balanced_patterns_without_noise(pattern, copies):
    pattern = np.array(pattern, dtype=np.float64)
    other = np.zeros_like(pattern)
    other[:2] = np.array([1, -1]) / 8
    other -= pattern * (other @ pattern) / (pattern @ pattern)
    z = np.array([pattern] * copies + [other - other.mean()])
    found, _ = components_of(z, [np.arange(copies), np.arange(copies + 1)])
    for component in found:
        assert_allclose(component, pattern / np.linalg.norm(pattern), rtol=0, atol=1e-14)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9])
def test_eigengenes__are_eigenvectors_even_where_eigenvalues_nearly_meet(gap):
    rng = np.random.default_rng(4)
    left, _ = np.linalg.qr(rng.normal(size=(12, 5)))
    right, _ = np.linalg.qr(np.column_stack([np.ones(20), rng.normal(size=(20, 5))]))
    z = left @ np.diag(np.sqrt([1, 1 - gap, 0.3, 0.2, 0.1])) @ right[:, 1:].T
    (component,), explained = components_of(z, [np.arange(12)])
    assert np.linalg.norm(z.T @ (z @ component) - component) < gap + 1e-12
    assert np.linalg.norm(component) == pytest.approx(1, abs=1e-14)
    assert explained[0] == pytest.approx(1 / (2.6 - gap), rel=gap + 1e-12)
    assert abs(component @ right[:, 1]) > (0.999 if gap > 1e-8 else 0.0)


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        ([1, 1, 1], 1),
        ([-1, -1, -1], -1),
        ([1, 1, -1], 1),
        ([-1, 1, -1], -1),
    ],
)
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_eigengenes__agree_with_the_mean_of_their_features(signs, expected, scale):
    latent = scale * np.array([2.0, -1.0, 0.5, -1.5])
    (component,), _ = components_of([sign * latent for sign in signs], [np.arange(3)])
    assert_allclose(component, expected * latent / np.linalg.norm(latent), rtol=0, atol=1e-15)


@pytest.mark.parametrize("first_sign", [1, -1])
def test_eigengenes__agree_with_the_strongest_feature_where_the_mean_is_flat(first_sign):
    # the rows sum to 0; the first two are nearly alike with opposite signs, and the second has the largest |kME|.
    a, b = np.array([1.0, -1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, -1.0])
    z = first_sign * np.array([3 * a, -3 * a + b, -b])
    (component,), _ = components_of(z, [np.arange(3)])
    r = memberships(z, [component], [0, 0, 0])
    assert abs(z.sum(axis=0) @ component) < 1e-14
    assert_allclose(r, [-0.9839535, 0.9898832, -0.1784248], rtol=0, atol=1e-7)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_eigengenes__agree_with_the_feature_of_the_largest_r_and_not_the_largest_variance(scale):
    a, b = np.array([1.0, -1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, -1.0])
    (component,), _ = components_of(scale * np.array([3 * a + b, 3 * a - b, -2 * a, -2 * a, -2 * a]), [np.arange(5)])
    assert_allclose(component, -a / 2**0.5, rtol=0, atol=1e-14)


def test_eigengenes__agree_with_the_first_of_equally_strong_features_where_the_mean_is_flat():
    row = np.array([2.0, -1.0, 0.5, -1.5])
    found, _ = components_of([row, -row, -row, row], [np.array([0, 1]), np.array([1, 0]), np.array([2, 3])])
    unit = row / np.linalg.norm(row)
    assert_allclose(found, [unit, -unit, -unit], rtol=0, atol=1e-15)


@pytest.mark.parametrize("signal", [0.5, 3.0])
def test_eigengenes__have_mean_0_and_unit_norm_and_do_not_change_what_they_read(signal):
    z = centred(30, 17, seed=5, signal=signal)
    before = z.copy()
    found, explained = components_of(z, [np.arange(10), np.arange(10, 30)])
    assert_allclose(found.mean(axis=1), 0, atol=1e-15)
    assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-14)
    assert ((explained > 1 / 17) & (explained < 1)).all()
    assert_array_equal(z, before)


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (1, 3), (3, 3), (2, 4)])
def test_eigengenes__write_only_the_modules_they_are_given(start, stop):
    z = centred(16, 9, seed=6)
    modules = np.split(np.arange(16), 4)
    whole = components_of(z, modules)
    part = components_between(start, stop, z, modules)
    for found, full in zip(part, whole, strict=True):
        expected = np.full_like(full, UNTOUCHED)
        expected[start:stop] = full[start:stop]
        assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("n", [3, 8, 40])
def test_kme__equals_the_correlation_with_the_feature_s_component(n):
    z = centred(12, n, seed=7)
    components, _ = reference.eigengenes(z, [np.arange(6), np.arange(6, 12)])
    component_of = np.array([0, 1, -1] * 4)
    found = memberships(z, components, component_of)
    assert_allclose(found, reference.kme(z, components, component_of), rtol=0, atol=1e-14)
    assert_array_equal(np.isnan(found), component_of == -1)


@pytest.mark.parametrize(
    ("row", "r"),
    [([-5, 0, 5], 1.0), ([1, 0, -1], -1.0), ([1, -2, 1], 0.0), ([0, -1, 1], 0.5), ([-1e-9, 1e-9, 0], 0.5)],
)
def test_kme__equals_r_by_hand(row, r):
    component = np.array([-1, 0, 1]) / 2**0.5
    assert memberships([row], [component], [0])[0] == pytest.approx(r, abs=3e-16)


def test_kme__never_passes_1():
    z = centred(300, 7, seed=8)
    units = z / np.linalg.norm(z, axis=1, keepdims=True)
    assert memberships(z, units, np.arange(300)).max() == 1.0
    assert memberships(-z, units, np.arange(300)).min() == -1.0


@pytest.mark.parametrize(("start", "stop"), [(0, 2), (2, 5), (4, 4)])
def test_kme__writes_only_the_features_it_is_given(start, stop):
    z = centred(5, 6, seed=9)
    components, _ = reference.eigengenes(z, [np.arange(5)])
    out = np.full(5, UNTOUCHED)
    kme(z, components, np.array([0, -1, 0, 0, -1]), start, stop, out)
    expected = np.full(5, UNTOUCHED)
    expected[start:stop] = memberships(z, components, [0, -1, 0, 0, -1])[start:stop]
    assert_array_equal(out, expected)
