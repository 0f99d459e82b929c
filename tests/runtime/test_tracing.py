"""What a trace holds: operators, places, faults, and nothing that the recovery made up."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tracing import faults, only_model, trace_text, training_pass

from cnnlint.analyses.receptive import receptive_fields
from cnnlint.graph import Trace
from cnnlint.traces import FileTrace, from_json, to_json

FOUR_FAULTS = """
    import torch.nn as nn
    import torch.nn.functional as F

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
            self.conv2 = nn.Conv2d(32, 32, 3, padding=1)
            self.bn = nn.BatchNorm2d(64)
            self.fc1 = nn.Linear(500, 100)
            self.fc2 = nn.Linear(120, 10)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.conv1(x)), 2)
            x = F.max_pool2d(F.relu(self.bn(self.conv2(x))), 2)
            x = x.flatten(1)
            return self.fc2(F.relu(self.fc1(x)))
"""


def test_every_independent_fault_is_seen_in_one_run() -> None:
    trace = trace_text(FOUR_FAULTS, (1, 28, 28))
    assert faults(trace) == [(15, "channels"), (15, "norm-size"), (17, "features"), (17, "features")]
    run = training_pass(trace)
    shapes = {tensor.id: tensor.shape for tensor in run.tensors}
    assert shapes[run.outputs[0]] == (run.batch, 10)


def test_a_consequence_of_a_fault_is_no_fault() -> None:
    trace = trace_text(
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Conv2d(3, 8, 3)
                self.b = nn.Conv2d(3, 8, 3, padding=1)
                self.c = nn.Conv2d(16, 8, 3)
                self.fc = nn.Linear(1234, 10)

            def forward(self, x):
                joined = torch.cat([self.a(x), self.b(x)], 1)
                return self.fc(self.c(joined).flatten(1))
        """,
        (3, 32, 32),
    )
    assert faults(trace) == [(13, "merge")]


def test_places_are_exact() -> None:
    trace = trace_text(
        """
        import torch.nn as nn

        def block(width):
            return nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU())

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.é, self.blocks = 1, nn.ModuleList([block(8) for _ in range(2)])
                self.stem = nn.Conv2d(
                    3,
                    8, kernel_size=3,
                )

            def forward(self, x):
                x = self.stem(x)
                for b in self.blocks:
                    x = b(x)
                return x
        """,
        (3, 8, 8),
    )
    model = only_model(trace)
    layers = {layer.path: layer for layer in model.layers}
    stem = layers["stem"].sites
    assert [(site.callee, site.span.row, site.span.column, site.span.end_row) for site in stem] == [
        ("nn.Conv2d", 10, 21, 13)
    ]
    assert {
        argument.name: (argument.text, argument.span.row, argument.literal) for argument in stem[0].arguments
    } == {
        "in_channels": ("3", 11, True),
        "out_channels": ("8", 12, True),
        "kernel_size": ("3", 12, True),
    }
    inner, outer = layers["blocks.1.0"].sites[:2]
    assert (inner.callee, inner.span.row, inner.function) == ("nn.Conv2d", 4, "block")
    assert inner.arguments[0].parameter == "width"
    assert (outer.callee, outer.span.row, outer.span.column) == ("block", 9, 49)
    calls = [operation.calls[0] for operation in model.passes[0].operations]
    assert [(call.row, call.column, call.end_column) for call in calls[:2]] == [(16, 13, 25), (18, 17, 21)]


BLOCK = """
    import torch.nn as nn
    import torch.nn.functional as F

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)
            self.norm = nn.BatchNorm2d(8)
            self.drop = nn.Dropout()

        def forward(self, x):
            x = self.drop(self.norm(self.conv(x)))
            return {result}
"""


SWITCH = """
        def train(self, mode=True):
            self.drop = nn.Dropout() if mode else nn.ReLU()
"""


@pytest.mark.parametrize(
    ("result", "modes"),
    [
        ("x", ["train"]),
        ("F.dropout(x, 0.5, self.training)", ["train"]),
        ("F.dropout(x)", ["train", "eval"]),
        ("(x, x.relu()) if self.training else x", ["train", "eval"]),
        ("(x, x.relu()) if getattr(self.norm, 'training') else x", ["train", "eval"]),
        (f"x\n{SWITCH}", ["train", "eval"]),
    ],
)
def test_evaluation_is_traced_where_it_differs(result: str, modes: list[str]) -> None:
    passes = only_model(trace_text(BLOCK.format(result=result), (3, 8, 8))).passes
    assert [run.mode for run in passes] == modes
    assert [item.name for item in passes[0].operations][:3] == ["conv2d", "batch_norm", "dropout"]


def test_exceptions_that_the_model_catches_behave() -> None:
    trace = trace_text(
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(9, 4), nn.Linear(8, 4)

            def forward(self, x):
                try:
                    return self.a(x)
                except RuntimeError:
                    return self.b(x)
        """,
        (8,),
    )
    assert faults(trace) == []
    assert [
        operation.layer for operation in training_pass(trace).operations if operation.kind == "linear"
    ] == ["b"]


def test_a_constructor_that_raises_is_replaced_and_the_rest_is_seen() -> None:
    trace = trace_text(
        """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 10, 3, groups=2)
                self.typo = nn.Lineer(3, 4)
                self.fc = nn.Linear(99, 10)

            def forward(self, x):
                return self.fc(self.conv(x).mean((2, 3)))
        """,
        (3, 32, 32),
    )
    assert [(problem.reason, problem.span.row) for problem in trace.problems] == [("model-not-built", 7)]
    (model,) = trace.models
    conv = next(layer for layer in model.layers if layer.path == "conv")
    assert conv.fault is not None and conv.fault.reason == "argument"
    assert faults(trace) == [(11, "features")]


def test_a_forward_that_depends_on_values_is_traced_on_cpu() -> None:
    trace = trace_text(
        """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)

            def forward(self, x):
                return self.a(x) if x.mean() > 100 else self.b(x)
        """,
        (3, 16, 16),
    )
    model = only_model(trace)
    assert [operation.layer for operation in model.passes[0].operations if operation.kind == "conv"] == ["b"]
    assert any("cpu" in note for note in model.notes)


def test_weights_in_plain_lists_and_layers_made_in_forward_are_told() -> None:
    trace = trace_text(
        """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.rest = [nn.Conv2d(3, 3, 3)]

            def forward(self, x):
                return nn.Conv2d(3, 5, 3)(self.rest[0](x))
        """,
        (3, 16, 16),
    )
    model = only_model(trace)
    assert [parameter.name for parameter in model.parameters if not parameter.registered] == [
        "rest.0.weight",
        "rest.0.bias",
    ]
    assert training_pass(trace).operations[0].layer == "rest.0"


def test_a_trace_survives_json() -> None:
    trace = trace_text(FOUR_FAULTS, (1, 28, 28))
    assert from_json(FileTrace, to_json(trace)) == trace


def test_described_models_need_no_meta_kernels() -> None:
    """The first meta kernel of a process imports sympy and torch._dynamo, which takes seconds."""
    script = """
import sys
import torchvision.models as models
from cnnlint.runtime import patches
patches.install()
before = {name for name in ("sympy", "torch._dynamo") if name in sys.modules}
from cnnlint.job import Job
from cnnlint.runtime.session import trace_file
text = "import torchvision\\nmodel = torchvision.models.{}()\\n# cnnlint: input=3x224x224\\n"
names = ("resnet18", "vgg11_bn", "mobilenet_v2", "densenet121", "efficientnet_b0", "googlenet")
IN_PLACE = '''
import torch.nn as nn
# cnnlint: input=3x32x32
model = nn.Sequential(
    nn.Conv2d(3, 8, 3), nn.LeakyReLU(0.2, inplace=True), nn.SiLU(inplace=True), nn.Dropout(inplace=True)
)
'''
for name, source in [("in place", IN_PLACE), *((name, text.format(name)) for name in names)]:
    trace = trace_file(
        Job("m.py", "/nowhere/m.py", source, allow_effects=True), "/nowhere", lambda trace: None
    )
    assert len(trace.models) == 1 and not trace.problems, (name, trace.problems)
after = {name for name in ("sympy", "torch._dynamo") if name in sys.modules}
print(sorted(after - before))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stdout + run.stderr


def test_a_real_device_gives_the_same_faults() -> None:
    assert faults(trace_text(FOUR_FAULTS, (1, 28, 28), device="cpu")) == faults(
        trace_text(FOUR_FAULTS, (1, 28, 28))
    )


def test_a_model_that_only_a_repair_builds_is_sized_on_meta() -> None:
    text = """
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 10, 3, groups=2)
                self.fc = nn.Linear(99, 10)

            def forward(self, x):
                return self.fc(self.conv(x).mean((2, 3)))
    """
    trace = trace_text(text, (3, 16, 16), device="cpu")
    assert faults(trace) == [(10, "features")]
    assert any("sizes" in note for note in trace.models[0].notes)


def test_max_of_two_tensors_is_no_reduction_and_out_is_written() -> None:
    trace = trace_text(
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.one, self.two = nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3)

            def forward(self, x):
                y = torch.max(self.one(x), self.two(x)).min(other=x.mean(1, keepdim=True)[:, :, 2:, 2:])
                both = torch.empty(x.shape[0], 16, 14, 14, device=x.device)
                torch.cat([y, y], dim=1, out=both)
                return both.max(dim=1)[0]
        """,
        (3, 16, 16),
    )
    run = training_pass(trace)
    assert [
        operation.name for operation in run.operations if operation.name in ("maximum", "minimum", "max")
    ] == [
        "maximum",
        "minimum",
        "max",
    ]
    (joined,) = [operation for operation in run.operations if operation.name == "cat"]
    assert [run.tensors[id].shape[1:] for id in joined.outputs] == [(16, 14, 14)]
    assert [run.tensors[id].shape[1:] for id in run.outputs] == [(14, 14)]
    assert not faults(trace)


def test_what_rules_stand_on() -> None:
    """Outputs of one operator have edges of their own; memory, versions, gradients and fields are told."""
    trace = trace_text(
        """
        import torch
        import torch.nn as nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.one = nn.Conv2d(2, 4, 3, padding=1)
                self.other = nn.Conv2d(3, 4, 5, padding=2)

            def forward(self, x):
                left, middle, right = x.split([2, 3, 3], 1)
                with torch.no_grad():
                    frozen = self.other(right)
                skip = self.other(middle)
                skip.relu_()
                return self.one(left) + skip + frozen
        """,
        (8, 16, 16),
    )
    graph = Trace(only_model(trace), training_pass(trace))
    split, frozen, skip, relu, one, *_ = graph.operations()
    assert [[item.index for item in graph.consumers(id)] for id in split.outputs] == [[4], [2], [1]]
    parts = {graph.tensor(id).storage for id in (*split.outputs, *graph.run.inputs)}
    assert len(parts) == 1  # views of the input
    written, before = graph.tensor(relu.outputs[0]), graph.tensor(skip.outputs[0])
    assert relu.inplace and written.storage == before.storage and written.id != before.id
    assert (frozen.gradient, skip.gradient) == (False, True)
    assert [graph.operand(item, "weight").name for item in (one, skip)] == ["one.weight", "other.weight"]
    field = receptive_fields(graph)[graph.run.outputs[0]][0]
    assert (field.smallest, field.largest, field.jump) == (3, 5, 1)
