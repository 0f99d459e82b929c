"""The module `torch.optim.lr_scheduler`: schedules that change nothing."""

from __future__ import annotations

from typing import Any

from .. import _missing


class LRScheduler:
    def __init__(self, optimizer: Any, *args: Any, **settings: Any) -> None:
        self.optimizer = optimizer
        self.last_epoch = 0
        self.base_lrs = [group.get("lr") for group in optimizer.param_groups]

    def step(self, *args: Any, **kwargs: Any) -> None:
        return None

    def get_last_lr(self) -> list[Any]:
        return [group.get("lr") for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state_dict: Any) -> None:
        return None


_LRScheduler = LRScheduler
for _name in (
    "StepLR MultiStepLR ExponentialLR CosineAnnealingLR ReduceLROnPlateau LambdaLR OneCycleLR CyclicLR "
    "CosineAnnealingWarmRestarts LinearLR ConstantLR PolynomialLR SequentialLR MultiplicativeLR "
    "ChainedScheduler"
).split():
    globals()[_name] = type(_name, (LRScheduler,), {"__module__": __name__})
__getattr__ = _missing.attribute_of(__name__)
