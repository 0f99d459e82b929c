"""The module `torch.optim`: optimizers that keep what they are given, and change nothing."""

from __future__ import annotations

from typing import Any

from .. import _missing
from . import lr_scheduler


class Optimizer:
    """Groups of parameters with their settings."""

    def __init__(self, params: Any, defaults: Any = None, **settings: Any) -> None:
        given = list(params)
        if not given:
            raise ValueError("optimizer got an empty parameter list")
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.defaults = dict(defaults or settings)
        self.param_groups = [
            {
                **self.defaults,
                **group,
                "params": list(group["params"])
                if not hasattr(group["params"], "shape")
                else [group["params"]],
            }
            for group in groups
        ]
        self.state: dict[Any, Any] = {}

    def zero_grad(self, set_to_none: bool = True) -> None:
        return None

    def step(self, closure: Any = None) -> Any:
        return None if closure is None else closure()

    def state_dict(self) -> dict[str, Any]:
        return {"state": {}, "param_groups": self.param_groups}

    def load_state_dict(self, state_dict: Any) -> None:
        return None

    def add_param_group(self, group: dict[str, Any]) -> None:
        self.param_groups.append({**self.defaults, **group})


def _optimizer(name: str, lr: Any) -> Any:
    def __init__(self: Any, params: Any, lr: Any = lr, *args: Any, **settings: Any) -> None:
        Optimizer.__init__(self, params, {"lr": lr, **settings})

    return type(name, (Optimizer,), {"__init__": __init__, "__module__": f"{__name__}.{name.lower()}"})


SGD, Adam, AdamW, RMSprop, Adamax, NAdam, RAdam, Adadelta, Adagrad, ASGD, Rprop, LBFGS, SparseAdam = (
    _optimizer(name, lr)
    for name, lr in (
        ("SGD", 1e-3),
        ("Adam", 1e-3),
        ("AdamW", 1e-3),
        ("RMSprop", 1e-2),
        ("Adamax", 2e-3),
        ("NAdam", 2e-3),
        ("RAdam", 1e-3),
        ("Adadelta", 1.0),
        ("Adagrad", 1e-2),
        ("ASGD", 1e-2),
        ("Rprop", 1e-2),
        ("LBFGS", 1),
        ("SparseAdam", 1e-3),
    )
)
__getattr__ = _missing.attribute_of(__name__, "optimizer")
__all__ = ["lr_scheduler"]
