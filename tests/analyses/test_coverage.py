"""The share of a map that nobody reads, against torch: positions without a gradient from any reader."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.analyses.coverage import unread_share
from cnnlint.diagnostic import Span
from cnnlint.graph import Trace
from cnnlint.traces import Model, Operation, Pass, Tensor, Window


def trace_of(size, readers):
    """A map of size × size that several convolutions read, each given by its windows."""
    tensors = [Tensor(0, (2, 1, *size), "float32", "input"), Tensor(1, (2, 1, *size), "float32", "operation")]
    operations = [Operation(0, "activation", "relu", None, {"input": 0}, (1,))]
    for windows, outputs in readers:
        tensors.append(Tensor(len(tensors), (2, 1, *outputs), "float32", "operation"))
        operations.append(
            Operation(
                len(operations), "conv", "conv2d", None, {"input": 1}, (len(tensors) - 1,), windows=windows
            )
        )
    run = Pass("train", 2, tuple(tensors), tuple(operations), (0,), tuple(range(2, len(tensors))))
    return Trace(Model("net", "Net()", Span("net.py", 1, 1, 1, 2), passes=(run,)), run)


def window():
    return st.builds(
        Window, kernel_size=st.integers(1, 3), stride=st.integers(1, 4), padding=st.integers(0, 1)
    )


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(st.integers(4, 9), st.integers(4, 9)),
    st.lists(st.tuples(window(), window()), min_size=1, max_size=3),
)
def test_the_union_of_all_readers_is_exact(size, readers):
    data = torch.ones(1, 1, *size, requires_grad=True)
    total = torch.zeros(())
    shapes = []
    for high, wide in readers:
        result = torch.nn.functional.conv2d(
            data,
            torch.ones(1, 1, high.kernel_size, wide.kernel_size),
            stride=(high.stride, wide.stride),
            padding=(high.padding, wide.padding),
        )
        shapes.append(tuple(result.shape[2:]))
        total = total + result.sum()
    total.backward()
    unread = int((data.grad == 0).sum())
    share = unread_share(
        trace_of(size, list(zip(readers, shapes, strict=True))),
        Tensor(1, (2, 1, *size), "float32", "operation"),
    )
    assert share * data.numel() == unread
