from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace, product
from cnnlint.placing import place
from cnnlint.plugin import Option, Rule
from cnnlint.traces import Operation, Shape, Tensor
from cnnlint.wording import ladder_here, shown


class PaddingShrink(Rule):
    """Unpadded convolutions that leave less than half of the map which padding would keep.

    ## Why
    A k×k convolution without padding takes k − 1 off each side's sum: three 5×5 take 12 of 28 pixels. What
    stands at the border of the image is seen less and less, and depth is bought with size.

    ## Use instead
    `padding=kernel_size // 2` (or `padding="same"`) keeps the size and leaves it to strides and poolings to
    make the map smaller.

    ## References
    - Dumoulin & Visin 2016, A guide to convolution arithmetic: https://arxiv.org/abs/1603.07285
    """

    code = "CNN304"
    name = "padding-shrink"
    severity = Severity.ADVICE
    measures_size = True

    kept_share = Option(
        0.5, "the share of the map that must be left of what padding would keep", least=0, most=1
    )

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        net = nn.Sequential(
            nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 8, 5, padding=2), nn.Flatten()
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        mnist = nn.Sequential(nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3), nn.MaxPool2d(2), nn.Flatten())
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=1x28x28
        lenet = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            ^^^^^^^^^^^^^^^^^^ is 4×4
            nn.Flatten(), nn.Linear(256, 10),
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=2x20
        net = nn.Sequential(nn.Conv1d(2, 8, 7), nn.ReLU(), nn.Conv1d(8, 8, 7), nn.Flatten(), nn.Linear(64, 2))
                            ^^^^^^^^^^^^^^^^^^ is 8;
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        for last in _last_maps(trace):
            chain = _chain(trace, last)
            unpadded = [step for step in chain if _is_unpadded(trace, step)]
            if not unpadded:
                continue
            space = len(unpadded[0].windows)
            have = last.shape[-space:]
            kept = _with_padding(trace, chain, unpadded)
            if kept is None or product(have) >= self.kept_share * product(kept):
                continue
            yield self._finding(trace, last, unpadded, have, kept)
            return

    def _finding(
        self, trace: Trace, last: Tensor, unpadded: list[Operation], have: Shape, kept: Shape
    ) -> Diagnostic:
        first = unpadded[0]
        where = place(trace, first)
        names = list(dict.fromkeys(trace.describe(step) for step in unpadded))
        listed = f"{', '.join(names[:4])}{', …' if len(names) > 4 else ''}"
        return self.report(
            where.span,
            f"the map that unpadded convolutions ({listed}) leave is {_show(have)}; with padding it would be "
            f"{_show(kept)}: {trace.show_ladder(last)}",
            trace=trace,
            layers=tuple(dict.fromkeys(step.layer for step in unpadded if step.layer)),
            inputs=shown(trace, trace.main_input(first)),
            outputs=shown(trace, last),
            related=where.related("", *ladder_here(trace, last)),
            help="write padding=kernel_size // 2: "
            + ", ".join(
                f"{name} padding={step.windows[-1].extent // 2}"
                for name, step in list(zip(names, unpadded, strict=False))[:3]
            ),
        )


def _show(space: Shape) -> str:
    return "×".join(map(str, space))


def _last_maps(trace: Trace) -> Iterator[Tensor]:
    """The maps before the head: what is flattened, or pooled over the whole map, or returned."""
    for operation in trace.operations("reshape", "adaptive_pool", "reduction"):
        source = trace.main_input(operation)
        shorter = source is not None and len(trace.tensor(operation.outputs[0]).shape) < len(source.shape)
        if source is not None and not source.uncertain and (shorter or operation.kind == "adaptive_pool"):
            yield source
    for id in trace.run.outputs:
        tensor = trace.tensor(id)
        if not tensor.uncertain and len(tensor.shape) > 2:
            yield tensor


def _chain(trace: Trace, last: Tensor) -> list[Operation]:
    """The windowed operations that led to a map, first one first, as far as they are plain."""
    chain = []
    for step in trace.upstream(last):
        before = trace.main_input(step)
        if before is None or len(before.shape) != len(last.shape) or step.kind not in _PLAIN:
            if before is not None and before.shape[2:] == trace.tensor(step.outputs[0]).shape[2:]:
                continue
            break
        if step.windows:
            chain.append(step)
    return chain[::-1]


_PLAIN = frozenset({"conv", "pool", "activation", "norm", "dropout", "add", "cat", "copy", "mul"})


def _is_unpadded(trace: Trace, step: Operation) -> bool:
    """A convolution without padding whose kernel slides: not one as large as the map, nor one that cuts
    the map into patches."""
    if step.kind != "conv" or step.fault or not step.outputs:
        return False
    result = trace.tensor(step.outputs[0]).shape[-len(step.windows) :]
    before = trace.producer(trace.main_input(step))
    return (
        all(w.padding == 0 and w.extent > 1 and w.stride < w.extent for w in step.windows)
        and not all(size == 1 for size in result)
        and not (before is not None and before.kind == "pad")
    )


def _with_padding(trace: Trace, chain: list[Operation], unpadded: list[Operation]) -> Shape | None:
    """The size of the last map if those convolutions were padded by half their kernels."""
    first = trace.main_input(chain[0])
    if first is None or len({len(step.windows) for step in chain}) != 1:
        return None
    space = len(chain[0].windows)
    sizes = list(first.shape[-space:])
    padded = {step.index for step in unpadded}
    for step in chain:
        for axis, window in enumerate(step.windows):
            both = 2 * window.padding if window.end_padding is None else window.padding + window.end_padding
            if step.index in padded:
                both = 2 * (window.extent // 2)
            rest = sizes[axis] + both - window.extent
            rounding = window.stride - 1 if step.attributes.get("ceil_mode") else 0
            sizes[axis] = (rest + rounding) // window.stride + 1
    return tuple(sizes)
