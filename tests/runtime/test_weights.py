"""Pretrained weights: a model is built without them, whatever its code does to find, fetch or check them."""

from __future__ import annotations

import pytest
from test_wild import HEADER, module
from tracing import only_model, trace_text

MAKE = "    net = Net()\n{body}    return net\n"


@pytest.mark.parametrize(
    "body",
    [
        "    net.load_state_dict(torch.load(fetch('net')))\n",
        "    path = fetch('net')\n    state = torch.load(path, map_location='cpu')\n"
        "    net.load_state_dict(state['model']['state_dict'])\n",
        "    if pretrained:\n        if not os.path.isfile('a.pth'):\n            raise ValueError('sorry')\n"
        "        state = {k[7:]: v for k, v in torch.load('a.pth').items()}\n"
        "        net.load_state_dict(state)\n",
        "    assert os.path.exists('a.pth')\n    net.load_state_dict(torch.load('a.pth')['net'])\n",
        "    with open('a.pth', 'rb') as file:\n        net.load_state_dict(torch.load(file))\n",
        "    state = torch.hub.load_state_dict_from_url(fetch('net'))\n    state.pop('fc.weight')\n"
        "    missing = net.load_state_dict(state, strict=False)\n    assert not missing.missing_keys\n",
        "    load(net, 'net')\n",
    ],
    ids=["fetched", "apart", "checked", "assert", "open", "popped", "helper"],
)
def test_a_model_is_built_without_its_weights(body: str) -> None:
    text = "import os, urllib.request\n" + HEADER
    text += (
        "def fetch(name, root='~/.weights_of_mine'):\n    root = os.path.expanduser(root)\n"
        "    path = os.path.join(root, name)\n    if os.path.exists(path):\n        return path\n"
        "    os.makedirs(root)\n    urllib.request.urlretrieve('https://example.org', path)\n"
        "    return path\n"
        "def load(net, name):\n    path = os.path.join('cache', name)\n"
        "    os.makedirs('cache', exist_ok=True)\n    if not os.path.exists(path):\n"
        "        urllib.request.urlretrieve('https://example.org', path)\n"
        "    net.load_state_dict(torch.load(path))\n"
    )
    text += module("Net", "self.fc = nn.Linear(8, 4)", "x: self.fc(x)")
    text += "def make(pretrained=True):\n" + MAKE.format(body=body)
    trace = trace_text(text, (8,))
    assert only_model(trace).passes[0].complete


def test_what_else_a_constructor_raises_is_told() -> None:
    text = "import os\n" + HEADER
    init = "self.fc = nn.Linear(8, 4)\n        self.path = os.path.join(3)\n"
    init += "        self.load_state_dict(torch.load(self.path))"
    trace = trace_text(text + module("Net", init, "x: self.fc(x)"), (8,))
    assert [(problem.reason, problem.span.row) for problem in trace.problems] == [("model-not-built", 8)]


def test_an_effect_that_is_not_for_weights_is_told() -> None:
    text = "import os\n" + HEADER
    init = "self.fc = nn.Linear(8, 4)\n        os.mkdir('runs_of_mine')"
    trace = trace_text(text + module("Net", init, "x: self.fc(x)"), (8,))
    assert "blocked-effect" in [problem.reason for problem in trace.problems]


def test_the_models_of_timm_come_without_their_weights() -> None:
    pytest.importorskip("timm")
    text = "import timm\n" + HEADER
    init = "self.body = timm.create_model('resnet18', pretrained=True, num_classes=0, in_chans=1)"
    trace = trace_text(text + module("Net", init, "x: self.body(x)"), (1, 64, 64))
    assert only_model(trace).passes[0].complete
