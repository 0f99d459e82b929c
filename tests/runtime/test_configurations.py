"""Models that take one configuration are built with those of their project."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_project import net, traced, width
from test_wild import HEADER, module
from tracing import only_model, trace_text


@pytest.mark.parametrize(
    ("name", "text", "size"),
    [
        ("config.py", "class Config:\n    WIDTH = 12\n\nprint(undefined)\n", "cfg.WIDTH"),
        (
            "config.py",
            "from dataclasses import dataclass\n@dataclass\nclass NetConfig:\n    width: int = 12\n",
            "cfg.width",
        ),
        ("defaults.py", "config = {'data': {'size': 3}, 'model': {'width': 12}}\n", "cfg['width']"),
        (
            "options.py",
            "import argparse\ndef main():\n    p = argparse.ArgumentParser()\n"
            "    p.add_argument('-w', '--net-width', type=int, default=12)\n"
            "    p.add_argument('--flag', action='store_true')\n    train(p.parse_args())\n",
            "12 if not cfg.flag and cfg.net_width == 12 else 1",
        ),
        (
            "settings.py",
            "from yacs.config import CfgNode as CN\n_C = CN()\n_C.MODEL = CN(new_allowed=True)\n"
            "_C.MODEL.WIDTH = 12\n\ndef get_cfg_defaults():\n    return _C.clone()\n",
            "cfg.MODEL.WIDTH",
        ),
        ("configs/small.yaml", "model:\n  width: 12\n  depth: 3\n", "cfg.model.width"),
        ("conf/model/small.yml", "width: 12\n", "cfg['width']"),
    ],
    ids=["class", "dataclass", "dictionary", "options", "yacs", "yaml", "hydra"],
)
def test_the_projects_configuration_builds_its_model(tmp_path: Path, name: str, text: str, size: str) -> None:
    if name.endswith("ml"):
        pytest.importorskip("yaml")
    (tmp_path / "pyproject.toml").write_text("")
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    trace = traced(tmp_path, net(parameters=", cfg", width=size))
    assert width(trace) == 12
    assert Path(name).name in only_model(trace).notes[0]


def test_a_configuration_that_does_not_fit_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("class Config:\n    OTHER = 12\n")
    trace = traced(tmp_path, net(parameters=", cfg", width="cfg.WIDTH"))
    assert [problem.reason for problem in trace.problems] == ["missing-arguments"]


def test_a_depth_that_an_assertion_refuses_is_replaced() -> None:
    init = "assert (depth - 2) % 6 == 0\n        self.fc = nn.Linear(8, depth)"
    text = HEADER + module("Net", init, "x: self.fc(x)", arguments=", depth")
    text += "def make(**kwargs):\n    return Net(**kwargs)\nclass Other:\n    def __init__(self, depth=22):\n"
    model = only_model(trace_text(text + "        pass\n", (8,)))
    assert (model.parameters[0].shape[0] - 2) % 6 == 0
