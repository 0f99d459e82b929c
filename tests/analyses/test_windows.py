"""Positions read and live taps against brute force: gradients of torch's own convolution."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.analyses.coverage import positions
from cnnlint.analyses.taps import live_taps
from cnnlint.traces import Window


@st.composite
def windows(draw):
    window = Window(
        kernel_size=draw(st.integers(1, 5)),
        stride=draw(st.integers(1, 4)),
        padding=draw(st.integers(0, 4)),
        dilation=draw(st.integers(1, 3)),
    )
    smallest = max(window.extent - 2 * window.padding, 1)
    return window, draw(st.integers(smallest, smallest + 9))


def convolved(window, size):
    data = torch.ones(1, 1, size, requires_grad=True)
    weight = torch.ones(1, 1, window.kernel_size, requires_grad=True)
    result = torch.nn.functional.conv1d(
        data, weight, stride=window.stride, padding=window.padding, dilation=window.dilation
    )
    result.sum().backward()
    return result.shape[-1], data.grad[0, 0], weight.grad[0, 0]


@settings(max_examples=200, deadline=None)
@given(windows())
def test_a_position_is_read_exactly_when_it_has_a_gradient(case):
    window, size = case
    outputs, gradient, _ = convolved(window, size)
    assert positions(window, size, outputs) == {at for at in range(size) if gradient[at] != 0}


@settings(max_examples=200, deadline=None)
@given(windows())
def test_a_tap_is_alive_exactly_when_its_weight_has_a_gradient(case):
    window, size = case
    outputs, _, gradient = convolved(window, size)
    assert live_taps(window, size, outputs) == {at for at in range(window.kernel_size) if gradient[at] != 0}
