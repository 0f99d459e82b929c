from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.traces import Operation
from cnnlint_rules._operations import OperationRule

KEEPS_PLACE = frozenset({"activation", "norm", "dropout", "add", "mul", "copy"})


class DilationGaps(OperationRule):
    """A chain of dilated convolutions whose footprint leaves holes.

    ## Why
    A 3×3 kernel with dilation 2 reads every second position. Three of them in a row still do: an output
    depends on the even positions around it and never on the odd ones (gridding). The exact set of
    positions that the chain reads is computed, along each axis.

    ## Use instead
    Dilations without a common factor, such as 1, 2, 5 (hybrid dilated convolution), or 1, 2, 4, 8.

    ## References
    - Wang et al. 2018, Understanding Convolution for Semantic Segmentation: https://arxiv.org/abs/1702.08502
    """

    code = "CNN310"
    name = "dilation-gaps"
    severity = Severity.ADVICE

    valid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x64x64
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, dilation=2), nn.Conv2d(8, 8, 3, dilation=4)
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x64x64
        one_branch = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, dilation=3))
        """,
    ]
    invalid = [
        """
        import torch.nn as nn
        # cnnlint: input=3x64x64
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, dilation=2), nn.ReLU(), nn.Conv2d(8, 8, 3, dilation=2)
                                                                                   ^ 5 of 9
        )
        """,
        """
        import torch.nn as nn
        # cnnlint: input=3x64
        net = nn.Sequential(nn.Conv1d(3, 8, 3, dilation=4), nn.ReLU(), nn.Conv1d(8, 8, 3, dilation=8))
                                                                                                   ^ 7 of 25
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        chains = [
            _chain(trace, operation) for operation in trace.operations("conv") if _is_dilated(operation)
        ]
        inner = {step.index for chain in chains for step in chain[1:]}
        for chain in chains:
            dilated = list(filter(_is_dilated, chain))
            if not chain or chain[0].index in inner or len(dilated) < 2:
                continue
            for axis in range(len(chain[0].windows)):
                read = _footprint(chain, axis)
                width = max(read) - min(read) + 1
                if len(read) < width:
                    yield self._finding(trace, chain[0], dilated, len(read), width)
                    break

    def _finding(
        self, trace: Trace, last: Operation, dilated: list[Operation], read: int, width: int
    ) -> Diagnostic:
        rates = ", ".join(str(step.windows[0].dilation) for step in dilated[::-1])
        return self.at(
            trace,
            last,
            f"the dilations {rates} in a row read {read} of {width} positions along an axis: the others "
            "never reach this output (gridding)",
            argument="dilation",
            help="use dilations without a common factor, such as 1, 2, 5",
            also=dilated[1:],
        )


def _is_dilated(operation: Operation) -> bool:
    return any(window.dilation > 1 for window in operation.windows)


def _chain(trace: Trace, last: Operation) -> list[Operation]:
    """The convolutions of stride 1 that lead to one, last first, up to a change of resolution."""
    chain = [last]
    for step in trace.upstream(trace.operand(last)):
        if step.kind == "conv" and not step.fault and len(step.windows) == len(last.windows):
            if any(window.stride != 1 for window in step.windows):
                break
            chain.append(step)
        elif step.kind not in KEEPS_PLACE:
            break
    return chain if all(window.stride == 1 for window in last.windows) and not last.fault else []


def _footprint(chain: list[Operation], axis: int) -> set[int]:
    """The offsets along an axis that the output of a chain depends on."""
    read = {0}
    for step in chain:
        window = step.windows[axis]
        taps = [tap * window.dilation for tap in range(window.kernel_size)]
        read = {offset + tap for offset in read for tap in taps}
    return read
