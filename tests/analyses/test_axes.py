"""Axis provenance against brute force: which input axes an output axis' index depends on."""

import itertools
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.analyses.axes import BATCH, FEATURES, Factor, reshape_axes, roles


def one_role_an_axis(shape):
    return tuple((Factor(size, frozenset({number})),) for number, size in enumerate(shape))


def sizes(axes):
    return tuple(math.prod(factor.size for factor in axis) for axis in axes)


def test_flatten_keeps_the_factors_in_order():
    axes = one_role_an_axis((5, 64, 7, 3))
    batch, features = reshape_axes(axes, (5, 64 * 7 * 3))
    assert [factor.size for factor in features] == [64, 7, 3]
    assert roles(batch) == {0}


def test_a_view_along_the_boundaries_splits_a_factor():
    axes = one_role_an_axis((5, 64, 7, 7))
    first, second = reshape_axes(axes, (40, 392))
    assert first == (Factor(5, frozenset({0})), Factor(8, frozenset({1})))
    assert [factor.size for factor in second] == [8, 7, 7]


def test_a_view_across_the_boundaries_mixes_all_it_cuts():
    axes = ((Factor(10, frozenset({BATCH})),), (Factor(6, frozenset({FEATURES})),))
    first, second = reshape_axes(axes, (15, 4))
    assert roles(first) == roles(second) == {BATCH, FEATURES}


@st.composite
def reshapes(draw):
    primes = draw(st.lists(st.sampled_from([2, 3]), min_size=1, max_size=6))

    def grouped():
        order = draw(st.permutations(primes))
        cuts = sorted(draw(st.lists(st.integers(0, len(primes)), max_size=3)))
        edges = [0, *cuts, len(primes)]
        return tuple(math.prod(order[low:high]) for low, high in itertools.pairwise(edges))

    return grouped(), grouped()


@settings(max_examples=150, deadline=None)
@given(reshapes())
def test_reshape_never_misses_a_role(pair):
    """Wherever moving along one input axis changes an output index, the output axis has that role."""
    before, after = pair
    result = reshape_axes(one_role_an_axis(before), after)
    assert sizes(result) == after
    for position in itertools.product(*map(range, before)):
        for axis, size in enumerate(before):
            if position[axis] + 1 == size:
                continue
            moved = (*position[:axis], position[axis] + 1, *position[axis + 1 :])
            for number, (here, there) in enumerate(
                zip(
                    unravel(ravel(position, before), after), unravel(ravel(moved, before), after), strict=True
                )
            ):
                if here != there:
                    assert axis in roles(result[number])


def ravel(position, shape):
    flat = 0
    for index, size in zip(position, shape, strict=True):
        flat = flat * size + index
    return flat


def unravel(flat, shape):
    result = []
    for size in reversed(shape):
        result.append(flat % size)
        flat //= size
    return tuple(reversed(result))
