"""What is changed inside a worker process, in the standard library and in whichever torch it has, and why.

A worker is a process of its own that ends with its file, so nothing here is undone.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import torch
import torch.hub
import torch.utils.checkpoint
import torch.utils.model_zoo
from torch import nn

from cnnlint import standin
from cnnlint.runtime.loader import NotGiven
from cnnlint.runtime.weights import Weights

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "WANDB_MODE": "disabled",
    "MPLBACKEND": "Agg",
}
"""What tells packages from the start that there is no network (else some try again until the time is up), and
no screen."""


def install() -> None:
    """Apply all patches, once, before any of the user's code or of third parties' is imported."""
    if not standin.installed():
        from cnnlint.runtime import real

        real.install()
    _skip_weights()
    os.environ.update(OFFLINE)
    torch.autograd.Function.apply = classmethod(apply)  # type: ignore[method-assign, assignment]
    _parse_no_command_line()
    torch.set_grad_enabled(True)


def _skip_weights() -> None:
    """Pretrained weights are neither downloaded nor read: shapes do not need them."""
    torch.hub.load_state_dict_from_url = _no_weights  # type: ignore[assignment]
    torch.utils.model_zoo.load_url = _no_weights  # type: ignore[assignment, attr-defined]
    torch.hub.download_url_to_file = _nothing  # type: ignore[assignment]
    torch.load = _no_weights  # type: ignore[assignment]
    keys = nn.modules.module._IncompatibleKeys([], [])
    nn.Module.load_state_dict = lambda self, *args, **kwargs: keys  # type: ignore[method-assign, assignment]


def _no_weights(*args: Any, **kwargs: Any) -> Weights:
    return Weights()


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


_APPLY = torch.autograd.Function.__dict__["apply"]


def apply(function: type, *args: Any, **kwargs: Any) -> Any:
    """`torch.autograd.Function.apply` as a frame that the tracer sees: it calls forward with gradients off,
    and what passes is for backward to say."""
    return _APPLY.__get__(None, function)(*args, **kwargs)


def _parse_no_command_line() -> None:
    """`parser.parse_args()` gives the defaults: cnnlint's own command line is not the file's."""
    parse_known_args = argparse.ArgumentParser.parse_known_args

    def defaults(self: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        for action in self._actions:
            if action.required and action.default is None and action.dest != argparse.SUPPRESS:
                action.default = NotGiven(action.option_strings[0] if action.option_strings else action.dest)
            action.required = False
        for group in self._mutually_exclusive_groups:
            group.required = False
        return parse_known_args(self, [], namespace)

    argparse.ArgumentParser.parse_known_args = defaults  # type: ignore[method-assign, assignment]
