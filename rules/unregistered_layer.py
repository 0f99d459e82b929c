from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.fixes.rewriting import in_module_list, unsafe_fix
from cnnlint.graph import Trace, product
from cnnlint.traces import Operation, Parameter
from cnnlint_rules._operations import OperationRule


class UnregisteredLayer(OperationRule):
    """Weights that are used in forward but that `parameters()` does not have.

    ## Why
    A module finds its layers among its attributes. Layers in a plain list or dict are not found: the
    optimiser never trains them, `.to("cuda")` leaves them behind, `state_dict()` does not save them.
    Everything runs, on the weights that chance gave.

    ## Use instead
    `nn.ModuleList([...])`, `nn.ModuleDict({...})`, `nn.Sequential(*layers)`, and `nn.ParameterList` for
    parameters.

    ## References
    - https://pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
    """

    code = "CNN501"
    name = "unregistered-layer"
    severity = Severity.ERROR

    valid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                layers = [nn.Conv2d(3, 3, 3, padding=1) for _ in range(2)]
                self.body = nn.Sequential(*layers)

            def forward(self, x):
                return self.body(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.convs = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
                self.steps = list(self.convs)

            def forward(self, x):
                for step in self.steps:
                    x = step(x)
                return x
        """,
    ]
    invalid = [
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.convs = [nn.Conv2d(3, 3, 3, padding=1) for _ in range(2)]
                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 84 weights
                self.last = nn.Conv2d(3, 8, 3)

            def forward(self, x):
                for conv in self.convs:
                    x = conv(x)
                return self.last(x)
        """,
        """
        import torch.nn as nn

        # cnnlint: input=3x8x8
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.heads = {"a": nn.Conv2d(3, 8, 3)}
                                   ^^^^^^^^^^^^^^^^^^
                self.last = nn.Conv2d(8, 8, 3)

            def forward(self, x):
                return self.last(self.heads["a"](x))
        """,
    ]

    def check(self, trace: Trace) -> Iterator[Diagnostic]:
        owned = {parameter.name: parameter for parameter in trace.model.parameters}
        told: set[str] = set()
        for operation in trace.operations():
            used = (trace.tensor(id) for id in operation.inputs())
            lost = [owned[tensor.name] for tensor in used if tensor.name in owned]
            lost = [item for item in lost if not item.registered and item.trainable and not item.buffer]
            key = operation.layer or ", ".join(item.name for item in lost)
            if lost and key not in told:
                told.add(key)
                yield self._finding(trace, operation, lost)

    def _finding(self, trace: Trace, operation: Operation, lost: list[Parameter]) -> Diagnostic:
        count = sum(product(parameter.shape) for parameter in lost)
        layer = trace.layer(operation)
        return self.at(
            trace,
            operation,
            f"parameters() does not have the {count:,} weights of {trace.describe(operation)}: "
            "they are used in forward, but never trained, moved or saved",
            help="keep layers in nn.ModuleList, nn.ModuleDict or nn.Sequential instead of a list or dict",
            fix=unsafe_fix("keep the layers in a module", in_module_list(trace, layer)) if layer else None,
        )
