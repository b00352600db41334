from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from isograph.kernels.eigengene import eigengenes, kme

# NOTE: an eigengene is found to 1e-13 over the gap of the first two eigenvalues; below this share of the first, the
# second leaves it well determined.
CLOSE = 1e-9
SEPARATED = 0.99


@st.composite
def module_rows(draw):
    """Rows of eighths with mean 0, none constant, with a leading component that stands clear of the second."""
    m, n = draw(st.integers(1, 7)), draw(st.integers(3, 9))
    eighths = draw(hnp.arrays(np.int64, (m, n), elements=st.integers(-80, 80)))
    assume((eighths.min(axis=1) < eighths.max(axis=1)).all())
    z = (eighths - eighths.mean(axis=1, keepdims=True)) / 8
    values = np.linalg.svd(z, compute_uv=False) ** 2
    assume(m == 1 or values[1] < SEPARATED * values[0])
    return z


def first_component(z):
    z = np.ascontiguousarray(z)
    m, n = z.shape
    components, explained, memberships = np.empty((1, n)), np.empty(1), np.empty(m)
    eigengenes(z, np.arange(m), np.array([0, m]), 0, 1, components, explained)
    kme(z, components, np.zeros(m, dtype=np.int64), 0, m, memberships)
    return components[0], explained[0], memberships


def assert_same_up_to_sign(found, expected):
    sign = 1 if np.sum(found * expected) >= 0 else -1
    assert_allclose(sign * found, expected, rtol=0, atol=CLOSE)


@given(module_rows())
def test_eigengenes__are_unit_components_that_explain_what_their_kme_says(z):
    component, explained, r = first_component(z)
    norms = np.linalg.norm(z, axis=1)
    assert_allclose([component @ component, component.sum()], [1, 0], rtol=0, atol=CLOSE)
    assert np.abs(r).max() <= 1
    assert_allclose(explained, (norms**2 @ r**2) / (norms**2).sum(), rtol=CLOSE)
    assert 1 / min(z.shape[0], z.shape[1] - 1) - CLOSE <= explained <= 1 + CLOSE


@given(module_rows())
def test_eigengenes__do_not_disagree_with_the_mean_of_their_features(z):
    component, _, r = first_component(z)
    norms = np.linalg.norm(z, axis=1).sum()
    agreement = z.sum(axis=0) @ component / norms
    assert agreement >= -1e-9
    if agreement <= 1e-10:
        assert r[np.argmax(np.abs(r) >= np.abs(r).max() - 1e-10)] > 0


@given(module_rows(), st.randoms(use_true_random=False))
def test_eigengenes__follow_the_order_of_samples(z, random):
    order = list(range(z.shape[1]))
    random.shuffle(order)
    component, explained, r = first_component(z)
    permuted_component, permuted_explained, permuted_r = first_component(z[:, order])
    assert_allclose(permuted_explained, explained, rtol=CLOSE)
    assert_same_up_to_sign(np.append(permuted_component, permuted_r), np.append(component[order], r))


@given(module_rows(), st.randoms(use_true_random=False))
def test_eigengenes__do_not_see_the_order_of_features(z, random):
    order = list(range(len(z)))
    random.shuffle(order)
    component, explained, r = first_component(z)
    permuted_component, permuted_explained, permuted_r = first_component(z[order])
    assert_allclose(permuted_explained, explained, rtol=CLOSE)
    assert_same_up_to_sign(np.append(permuted_component, permuted_r), np.append(component, r[order]))


@given(module_rows())
def test_eigengenes__change_only_their_sign_with_that_of_all_features(z):
    component, explained, r = first_component(z)
    assume(z.sum(axis=0) @ component > 1e-6)
    flipped_component, flipped_explained, flipped_r = first_component(-z)
    assert_array_equal(flipped_component, -component)
    assert flipped_explained == explained
    assert_array_equal(flipped_r, r)


@given(module_rows(), st.data())
def test_kme__changes_only_its_sign_with_that_of_a_feature(z, data):
    signs = np.array(data.draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=len(z), max_size=len(z))))
    component, explained, r = first_component(z)
    flipped_component, flipped_explained, flipped_r = first_component(z * signs[:, None])
    assert_allclose(flipped_explained, explained, rtol=CLOSE)
    assert_same_up_to_sign(np.append(flipped_component, flipped_r), np.append(component, signs * r))


@given(module_rows(), st.integers(-30, 30))
def test_eigengenes__do_not_see_the_scale_of_all_features(z, power):
    found, expected = first_component(z * 2.0**power), first_component(z)
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one, other)
