"""A process that has the stand-in: neither torch nor numpy is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, sys
from cnnlint import standin
standin.install()
import torch
import torch.nn as nn
import torch.nn.functional as F
net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 12 * 12, 10))
y = F.log_softmax(net(torch.randn(2, 1, 28, 28)), dim=1)
print(json.dumps({
    "shape": list(y.shape),
    "file": torch.__file__,
    "modules": sorted(sys.modules),
    "wanted": standin.wanted,
    "children": [type(child).__module__ for child in net],
}))
"""


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_neither_torch_nor_numpy_is_imported() -> None:
    said = json.loads(run(PROGRAM))
    assert said["shape"] == [2, 10]
    assert Path(said["file"]).parts[-4:] == ("cnnlint", "standin", "torch", "__init__.py")
    assert "numpy" not in said["modules"]
    assert said["wanted"] == []
    assert said["children"][0] == "torch.nn.modules.conv"


def test_what_torch_has_and_the_stand_in_has_not_is_asked_for() -> None:
    program = """
from cnnlint import standin
standin.install()
import torch
for name in ("svd", "no_such_function"):
    try:
        getattr(torch, name)
    except BaseException as error:
        print(type(error).__name__, error)
try:
    import torch.package
except BaseException as error:
    print(type(error).__name__, error)
try:
    import torch.no_such_module
except BaseException as error:
    print(type(error).__name__, error)
"""
    assert run(program).splitlines() == [
        "NeedsTorch torch.svd",
        "AttributeError module 'torch' has no attribute 'no_such_function'",
        "NeedsTorch torch.package",
        "ModuleNotFoundError No module named 'torch.no_such_module'",
    ]
