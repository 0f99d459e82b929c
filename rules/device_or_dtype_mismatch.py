import ast
from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.graph import Trace
from cnnlint.traces import Operation, Tensor
from cnnlint_rules._faults import FaultRule
from cnnlint_rules._operations import OperationRule

INDEXES = frozenset({"index", "embedding", "factory"})


class DeviceOrDtypeMismatch(FaultRule, OperationRule):
    """A tensor that is on another device, or of another dtype, than what it meets.

    ## Why
    A tensor made in forward without `device=`, or kept in `__init__` as a plain attribute, stays on the CPU
    when the model goes to the GPU: "Expected all tensors to be on the same device". On the CPU nothing is
    to be seen.

    ## Use instead
    `torch.zeros(n, device=x.device)`, `x.new_zeros(n)`, `torch.zeros_like(x)`; for constants
    `self.register_buffer("mean", torch.tensor(…))`.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.Module.html (register_buffer)
    """

    code = "CNN111"
    name = "device-or-dtype-mismatch"
    severity = Severity.ERROR
    reasons = ("dtype",)

    valid = [
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("mean", torch.ones(8))

            def forward(self, x):
                return (x - self.mean) * 2 + torch.zeros(8, device=x.device)
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.mean = torch.ones(8).cuda()
                self.deviation = torch.ones(8, device="cuda:0")
                self.scale = torch.ones(8).to(torch.device("cuda"))

            def forward(self, x):
                return (x - self.mean) / self.deviation * self.scale + torch.zeros(8).type_as(x)
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def forward(self, x):
                noise = torch.randn(8).to(x.device)
                return x[:, torch.arange(4)] + noise[:4] * torch.tensor(0.5)
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def forward(self, x):
                kind = torch.cuda.FloatTensor if x.is_cuda else torch.FloatTensor
                return x + kind(8)
        """,
    ]
    invalid = [
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(8, 8)

            def forward(self, x):
                return self.fc(x) + torch.randn(8)
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^ cpu
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.mean = torch.ones(8)

            def forward(self, x):
                return x - self.mean
                       ^^^^^^^^^^^^^ cpu
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.scale = torch.ones(4, 8)

            def forward(self, x):
                return x * self.scale.data[0]
                       ^^^^^^^^^^^^^^^^^^^^^^ it is no buffer
        """,
        """
        import torch
        import torch.nn as nn

        # cnnlint: input=8
        class Net(nn.Module):
            def forward(self, x):
                return x * torch.arange(8)[None, :]
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ arange() is made in forward
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        yield from super().check(trace)
        for operation in trace.operations():
            if operation.kind in INDEXES or operation.fault:
                continue
            operands = [trace.tensor(id) for id in operation.inputs()]
            lost = [tensor for tensor in operands if tensor.device == "cpu" and tensor.shape]
            if not lost or _asks_for_device(trace, operation):
                continue
            if any(tensor.device == "model" and tensor.shape for tensor in operands):
                yield self._elsewhere(trace, operation, lost[0])

    def _elsewhere(self, trace: Trace, operation: Operation, tensor: Tensor) -> Diagnostic:
        maker = _made_in_forward(trace, tensor)
        why = (
            f"{maker.name}() is made in forward without device=" if maker else "it is no buffer of the model"
        )
        keep = 'keep it with self.register_buffer("name", …), or make it with device=x.device'
        return self.at(
            trace,
            operation,
            f"a tensor {trace.show(tensor)} stays on the cpu when the model is on a GPU: {why}",
            help="write device=x.device" if maker else keep,
        )


def _asks_for_device(trace: Trace, operation: Operation) -> bool:
    """Whether the function chooses by the device at hand: `torch.cuda.FloatTensor if x.is_cuda else …`."""
    source, call = trace.source, next(iter(operation.calls), None)
    if source is None or call is None or call.filename != source.filename:
        return False
    return any(
        isinstance(node, ast.Attribute) and node.attr == "is_cuda"
        for function in ast.walk(source.tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        and function.lineno <= call.row <= (function.end_lineno or 0)
        for node in ast.walk(function)
    )


def _made_in_forward(trace: Trace, tensor: Tensor) -> Operation | None:
    """The operation that made a tensor on the cpu out of nothing; None where it came from an attribute."""
    maker = trace.producer(tensor)
    while maker is not None and maker.inputs():
        sources = (trace.tensor(id) for id in maker.inputs())
        maker = trace.producer(next((source for source in sources if source.device == "cpu"), None))
    return maker
