"""What a model needs of Lightning to be built and run, where Lightning is not installed."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import torch
from torch import nn


class Hyperparameters(dict[str, Any]):
    """The arguments of a constructor, as items and as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class LightningModule(nn.Module):
    """Stands for `LightningModule`: it keeps hyperparameters, and logs nothing."""

    current_epoch = 0
    global_step = 0
    automatic_optimization = True
    logger = None
    trainer = None

    @property
    def hparams(self) -> Hyperparameters:
        """What `save_hyperparameters` has kept."""
        kept: Hyperparameters = self.__dict__.setdefault("_hyperparameters", Hyperparameters())
        return kept

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next((parameter.device for parameter in self.parameters()), torch.device("cpu"))

    def save_hyperparameters(self, *given: Any, ignore: Any = (), **options: Any) -> None:
        """Keep the arguments of the constructor that calls this: those that are named, else all."""
        frame = options.get("frame") or sys._getframe(1)
        names, _, rest, values = inspect.getargvalues(frame)
        arguments = {name: values[name] for name in names[1:]} | (values[rest] if rest else {})
        left_out = {ignore} if isinstance(ignore, str) else set(ignore)
        wanted = [item for item in given if isinstance(item, str)]
        for item in given:
            if not isinstance(item, str):
                arguments.update(item if isinstance(item, dict) else vars(item))
        for name, value in arguments.items():
            if name not in left_out and (not wanted or name in wanted):
                self.hparams[name] = value

    def _nothing(self, *args: Any, **kwargs: Any) -> None:
        """Logging and printing, which change no model."""

    log = log_dict = print = _nothing
