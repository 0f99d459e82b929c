"""What this machine lacks: packages, extensions, a GPU. A model is judged without them as far as it can be,
and what cannot be is no fault of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_project import traced
from test_wild import HEADER, faults, module
from tracing import only_model, trace_text

from cnnlint.traces import FileTrace

MISSING = "import package_that_is_missing as pk\n"


def said(trace: FileTrace) -> list[tuple[str, str | None]]:
    return [(problem.reason, problem.package) for problem in trace.problems]


LACKS = [("package-missing", "package_that_is_missing")]


@pytest.mark.parametrize(
    "before",
    [
        "class Docs(metaclass=pk.DocMeta):\n    pass\n",
        "class Meta(pk.DocMeta):\n    pass\nclass Docs(metaclass=Meta):\n    pass\n",
        "NETS = pk.Registry('nets')\nNETS['none'] = 3\n@NETS.register(name='docs')\nclass Docs:\n    pass\n",
        "class Docs(pk.Base, pk.Other[int]):\n    def __init__(self):\n        pass\n",
        "WIDTH: pk.Integer = 5\nclass Docs:\n    kind = pk.Kind.LARGE\n",
    ],
    ids=["metaclass", "metaclass of ours", "registry", "bases", "constants"],
)
def test_what_a_missing_package_gives_serves_for_definitions(before: str) -> None:
    text = MISSING + HEADER + before
    text += module("Net", "self.fc = nn.Linear(8, 4); self.docs = Docs", "x: self.fc(x)")
    assert only_model(trace_text(text, (8,))).passes[0].complete


@pytest.mark.parametrize(
    "init",
    [
        "self.accuracy = pk.Accuracy(task='multiclass')",
        "self.metrics = nn.ModuleDict({'f1': pk.F1(), 'all': pk.Collection([pk.Accuracy()])})",
        "self.log = pk.init(project='net').log",
        "self.writer = pk.SummaryWriter('runs'); self.writer.step = 3",
    ],
    ids=["metric", "metrics", "run", "writer"],
)
def test_metrics_and_loggers_are_not_needed(init: str) -> None:
    text = MISSING + HEADER + module("Net", f"self.fc = nn.Linear(8, 4); {init}", "x: self.fc(x)")
    text += "    def training_step(self, x):\n        return self.accuracy(self(x))\n"
    assert only_model(trace_text(text, (8,))).passes[0].complete


def test_a_context_of_a_missing_package_is_entered() -> None:
    init = "self.fc = None\n        with pk.scope('net') as scope:\n            self.fc = nn.Linear(8, 4)"
    text = MISSING + HEADER + module("Net", init, "x: self.fc(x)")
    assert only_model(trace_text(text, (8,))).passes[0].complete


@pytest.mark.parametrize(
    "init",
    [
        "self.fc = nn.Linear(8, pk.width(4))",
        "self.fc = nn.Sequential(*[nn.Linear(8, 8) for _ in range(pk.depth)])",
        "self.fc = nn.Conv1d(8, *pk.sizes)",
        "self.fc = nn.Linear(8, 4); self.list = torch.tensor([pk.width, 3])",
    ],
    ids=["argument", "range", "unpacked", "list"],
)
def test_what_asks_for_more_is_not_judged(init: str) -> None:
    trace = trace_text(MISSING + HEADER + module("Net", init, "x: self.fc(x)"), (8,))
    assert said(trace) == LACKS
    assert "laceholder" not in trace.problems[0].message


@pytest.mark.parametrize(
    "forward",
    ["x: pk.act(self.fc(x))", "x: self.fc(x) + pk.noise()", "x: self.act(self.fc(x))", "x: Op.apply(x)"],
    ids=["call", "operand", "layer", "autograd"],
)
def test_a_layer_of_a_missing_package_ends_what_is_judged(forward: str) -> None:
    text = MISSING + HEADER + "class Op(torch.autograd.Function):\n    @staticmethod\n"
    text += "    def forward(ctx, x):\n        return pk.forward(x)\n"
    text += module("Net", "self.fc = nn.Linear(8, 4); self.act = pk.Act()", forward)
    trace = trace_text(text, (8,))
    assert said(trace) == LACKS
    assert not faults(trace)
    assert not trace.models[0].passes[0].complete


def test_a_fault_before_a_missing_layer_is_found() -> None:
    text = MISSING + HEADER
    text += module("Net", "self.fc = nn.Linear(9, 4); self.act = pk.Act()", "x: self.act(self.fc(x))")
    assert len(faults(trace_text(text, (8,)))) == 1


@pytest.mark.parametrize("how", ["from . import _C", "from ._C import forward as _C"])
def test_an_extension_that_is_not_built(tmp_path: Path, how: str) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "__init__.py").write_text("")
    text = f"{how}\n" + HEADER + module("Net", "self.fc = nn.Linear(8, _C.width)", "x: self.fc(x)")
    (problem,) = traced(tmp_path / "nets", text).problems
    assert (problem.reason, problem.package) in {("package-missing", "._C")}
    assert "build" in (problem.help or "")


def test_a_name_that_a_module_of_the_project_lacks_is_its_fault(tmp_path: Path) -> None:
    (tmp_path / "sizes.py").write_text("WIDTH = 3\n")
    text = "from sizes import WIDHT\n" + HEADER
    text += module("Net", "self.fc = nn.Linear(8, WIDHT)", "x: self.fc(x)")
    assert said(traced(tmp_path, text)) == [("import-failed", None)]


@pytest.mark.parametrize(
    "body",
    [
        "    assert x.device.type == 'cuda', 'move it first'\n    return x",
        "    if torch.cuda.is_available():\n        return x\n    else:\n        raise ValueError('sorry')",
        "    raise RuntimeError('this operator has no implementation: CUDA is not available')",
        "    torch.cuda.current_device()\n    return x",
        "    return x * torch.cuda.FloatTensor([2.0])",
    ],
    ids=["assert", "else", "words", "driver", "tensor type"],
)
@pytest.mark.parametrize("where", ["op(self.fc(x))", "self.part(self.fc(x))"], ids=["function", "module"])
def test_an_operator_that_wants_a_gpu_is_no_fault(body: str, where: str) -> None:
    text = HEADER + f"def op(x):\n{body}\n"
    if "part" in where:
        text += module("Part", "pass", "x: op(x)")
        text += module("Net", "self.fc = nn.Linear(8, 4); self.part = Part()", f"x: {where}")
    else:
        text += module("Net", "self.fc = nn.Linear(8, 4)", f"x: {where}")
    trace = trace_text(text, (8,))
    assert not faults(trace)
    assert said(trace) == [("trace-incomplete", None)]
    assert "there is no GPU here" in trace.problems[0].message


def test_what_a_function_raises_for_other_reasons_stays_a_fault() -> None:
    text = HEADER + "def op(x):\n    if x.is_cuda:\n        x = x.cuda()\n    if x.shape[1] == 4:\n"
    text += "        raise ValueError('four')\n    return x\n"
    text += module("Net", "self.fc = nn.Linear(8, 4)", "x: op(self.fc(x))")
    assert len(faults(trace_text(text, (8,)))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "self.scale = torch.cuda.FloatTensor([1.0])",
        "self.number = torch.cuda.current_device()",
        "assert torch.cuda.is_available()",
    ],
    ids=["tensor type", "driver", "assert"],
)
def test_a_constructor_that_wants_a_gpu_is_not_judged(line: str) -> None:
    text = HEADER + module("Net", f"self.fc = nn.Linear(8, 4); {line}", "x: self.fc(x)")
    assert said(trace_text(text, (8,))) == [("trace-incomplete", None)]


@pytest.mark.parametrize(
    "body",
    [
        "noise = torch.randn(x.size(0), 4)\n        if torch.cuda.is_available():\n"
        "            noise = noise.cuda()",
        "noise = torch.randn(x.size(0), 4)\n        noise = noise.cuda() if x.is_cuda else noise",
        "if self.gpu:\n            noise = torch.zeros(x.size(0), 4).cuda()\n        else:\n"
        "            noise = torch.zeros(x.size(0), 4)",
        "noise = torch.randn(x.size(0), 4)\n        if self.gpu:\n            noise = noise.to('cuda')",
    ],
    ids=["if", "expression", "else", "to"],
)
def test_the_branch_for_a_gpu_is_what_a_gpu_gets(body: str) -> None:
    forward = f"        {body}\n        return self.fc(x) + noise\n"
    text = HEADER + module("Net", "self.fc = nn.Linear(8, 4); self.gpu = torch.cuda.is_available()", "x: 0")
    trace = trace_text(text.replace("        return  0\n", forward), (8,))
    assert {tensor.device for tensor in only_model(trace).passes[0].tensors} == {"model"}
    plain = "        noise = torch.randn(x.size(0), 4)\n        if self.gpu:\n            x = x.cuda()\n"
    plain += "        return self.fc(x) + noise\n"
    trace = trace_text(text.replace("        return  0\n", plain), (8,))
    assert "cpu" in {tensor.device for tensor in only_model(trace).passes[0].tensors}


@pytest.mark.parametrize("cast", ["net.double()", "net = net.double()\nnet.half()\nnet.double()"])
def test_a_cast_of_a_model_by_a_statement(cast: str) -> None:
    text = HEADER + module("Net", "self.fc = nn.Linear(8, 4)", "x: self.fc(x)")
    trace = trace_text(text + f"net = Net()\n{cast}\nnet(torch.zeros(2, 8, dtype=torch.float64))\n")
    assert not faults(trace)
    assert {parameter.dtype for parameter in only_model(trace).parameters} == {"float64"}


@pytest.mark.parametrize("how", ["raise KeyboardInterrupt", "raise SystemExit('no data')"])
@pytest.mark.parametrize(
    ("init", "arguments"),
    [
        ("self.fc = nn.Linear(8, WIDTH)", ""),
        ("self.fc = nn.Linear(8, 4); self.more = WIDTH + 1", ""),
        ("self.fc = nn.Linear(8, w)", ", w=WIDTH"),
    ],
)
def test_a_constant_whose_definition_ends_the_program(how: str, init: str, arguments: str) -> None:
    text = HEADER + f"def width():\n    {how}\nWIDTH = width()\n"
    text += module("Net", init, "x: self.fc(x)", arguments=arguments)
    if arguments:
        text += "def train():\n    net = Net(WIDTH)\n"
    (problem,) = trace_text(text, (8,)).problems
    assert (problem.reason, problem.span.row) == ("import-failed", 4)


def test_labels_that_are_spread_over_a_map_are_an_input() -> None:
    forward = "x, targets: self.conv(torch.cat((x, targets.view(-1, 1, 1, 1) * torch.ones_like(x)), 1))"
    trace = trace_text(HEADER + module("Net", "self.conv = nn.Conv2d(2, 4, 3)", forward))
    assert trace.crash is None
    assert not faults(trace)


def test_a_class_of_the_main_block_that_cannot_be_built() -> None:
    text = MISSING + HEADER + "if __name__ == '__main__':\n"
    inner = module("Local", "self.fc = nn.Linear(8, pk.width)", "x: self.fc(x)") + "model = Local()\n"
    trace = trace_text(text + "".join(f"    {line}\n" for line in inner.splitlines()), (8,))
    assert trace.crash is None
    assert said(trace) == LACKS
