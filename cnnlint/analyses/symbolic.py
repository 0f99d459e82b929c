"""The size of a map as a formula of the image's: `⌊(H + 1)/4⌋`.

A window turns a size x into ⌊(x + 2p − d(k − 1) − 1)/s⌋ + 1 = ⌊(x + c)/s⌋, and quotients that are rounded
down nest: ⌊(⌊(x + a)/b⌋ + c)/d⌋ = ⌊(x + a + b·c)/(b·d)⌋. So any chain of windows is one quotient (Graham,
Knuth and Patashnik, Concrete Mathematics, section 3.2).
"""

from __future__ import annotations

from cnnlint.graph import Trace
from cnnlint.traces import Tensor

NAMES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


def spatial_formulas(trace: Trace, tensor: Tensor) -> tuple[str, ...]:
    """The sizes of a map's spatial axes as formulas of the input's; () where anything else than windows lies
    between them."""
    axes = len(tensor.shape) - 2
    chains: list[list[tuple[int, int]]] = [[] for _ in range(axes)]
    current = tensor
    while current.origin != "input":
        step = trace.producer(current)
        before = trace.main_input(step) if step is not None else None
        if step is None or before is None or len(before.shape) != len(tensor.shape):
            return ()
        if step.windows and step.kind in ("conv", "pool"):
            for chain, window in zip(chains, step.windows, strict=True):
                ends = window.padding if window.end_padding is None else window.end_padding
                chain.append((window.padding + ends - window.extent + window.stride, window.stride))
        elif before.shape[2:] != current.shape[2:] or step.kind in ("adaptive_pool", "interpolate"):
            return ()
        current = before
    if axes not in NAMES:
        return ()
    return tuple(_written(name, chain) for name, chain in zip(NAMES[axes], chains, strict=True))


def _written(name: str, chain: list[tuple[int, int]]) -> str:
    """The quotient of a chain of (c, s), the last window first."""
    plus, by = 0, 1
    for constant, stride in reversed(chain):
        plus, by = plus + by * constant, by * stride
    inner = f"{name} {'+' if plus > 0 else '−'} {abs(plus)}" if plus else name
    if by == 1:
        return f"({inner})" if plus else inner
    return f"⌊({inner})/{by}⌋" if plus else f"⌊{inner}/{by}⌋"
