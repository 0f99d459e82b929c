"""The module `torch.utils.tensorboard`, which needs the package tensorboard: nothing is written."""

from __future__ import annotations

import importlib.util
from typing import Any

if importlib.util.find_spec("tensorboard") is None:
    raise ModuleNotFoundError("No module named 'tensorboard'", name="tensorboard")


class SummaryWriter:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None
