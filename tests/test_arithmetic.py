"""The formulas among themselves; against torch they are held in tests/operators."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint import arithmetic

kernels = st.integers(1, 6)
strides = st.integers(1, 5)
pads = st.integers(0, 3)
few = settings(max_examples=300, deadline=None)


@few
@given(kernels, strides, pads, pads, st.integers(1, 4), st.integers(1, 5))
def test_the_smallest_input_of_a_convolution_is_the_smallest(kernel, stride, begin, end, dilation, output):
    least = arithmetic.smallest_input(kernel, stride, begin, end, dilation, output)
    assert arithmetic.convolution_size(least, kernel, stride, begin, end, dilation) >= output
    if least > 1:
        assert arithmetic.convolution_size(least - 1, kernel, stride, begin, end, dilation) < output


@few
@given(kernels, strides, st.integers(1, 4), st.integers(1, 5), st.booleans(), st.data())
def test_the_smallest_input_of_a_pooling_is_the_smallest(kernel, stride, dilation, output, ceil, data):
    pad = data.draw(st.integers(0, kernel // 2))
    least = arithmetic.smallest_input(kernel, stride, pad, pad, dilation, output, ceil)
    assert arithmetic.pooling_size(least, kernel, stride, pad, dilation, ceil) >= output
    if least > 1:
        assert arithmetic.pooling_size(least - 1, kernel, stride, pad, dilation, ceil) < output


@few
@given(st.integers(1, 50), kernels, strides, pads, st.integers(1, 4), st.booleans())
def test_each_text_ends_with_its_number(size, kernel, stride, pad, dilation, ceil):
    for formula in ("pooling", "convolution", "transposed"):
        last = {"pooling": ceil, "convolution": 1, "transposed": 0}[formula]
        if formula == "convolution":
            arguments = (size, kernel, stride, pad, pad, dilation)
        elif formula == "pooling":
            arguments = (size, kernel, stride, pad, dilation, last)
        else:
            arguments = (size, kernel, stride, pad, last, dilation)
        number = getattr(arithmetic, f"{formula}_size")(*arguments)
        assert getattr(arithmetic, f"{formula}_text")(*arguments).endswith(f"= {arithmetic.signed(number)}")


@few
@given(kernels, st.integers(1, 4), st.integers(1, 40))
def test_same_padding_keeps_the_size(kernel, dilation, size):
    begin, end = arithmetic.same_padding(kernel, dilation)
    assert arithmetic.convolution_size(size, kernel, 1, begin, end, dilation) == size
    assert end - begin in (0, 1)


@few
@given(st.integers(1, 40), kernels, strides, pads)
def test_a_transposed_convolution_undoes_the_size_of_a_convolution(size, kernel, stride, pad):
    back = arithmetic.transposed_size(size, kernel, stride, pad)
    if back > 0:
        assert arithmetic.convolution_size(back, kernel, stride, pad, pad) == size


def test_texts():
    assert arithmetic.convolution_text(28, 3) == "(28 + 2×0 − 3)/1 + 1 = 26"
    assert arithmetic.convolution_text(28, 3, 2, 1, 1) == "⌊(28 + 2×1 − 3)/2⌋ + 1 = 14"
    assert arithmetic.pooling_text(28, 3, 2, 0, 1, True) == "⌈(28 + 2×0 − 3)/2⌉ + 1 = 14"
    assert arithmetic.transposed_text(7, 4, 2, 1) == "(7 − 1)×2 − 2×1 + 4 = 14"
    assert arithmetic.transposed_text(7, 3, 2, 1, 1, 2) == "(7 − 1)×2 − 2×1 + 2×(3−1) + 1 + 1 = 16"
    assert arithmetic.convolution_text(1, 5) == "(1 + 2×0 − 5)/1 + 1 = −3"
