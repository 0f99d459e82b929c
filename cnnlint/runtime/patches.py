"""What is changed in torch and the standard library inside a worker process, and why.

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
    _skip_initialisers()
    _open_what_hides_the_forward()
    _skip_weights()
    os.environ.update(OFFLINE)
    _leave_checks_to_descriptions()
    _keep_modules_in_place()
    torch.autograd.Function.apply = classmethod(apply)  # type: ignore[method-assign, assignment]
    _parse_no_command_line()
    torch.set_grad_enabled(True)


def _skip_initialisers() -> None:
    """Values of weights do not matter; filling them on meta would import torch's reference kernels."""
    for name in dir(nn.init):
        if name.endswith("_") and not name.startswith("_"):
            setattr(nn.init, name, _first_argument)
    for name in (
        "uniform",
        "normal",
        "constant",
        "xavier_uniform",
        "xavier_normal",
        "kaiming_uniform",
        "kaiming_normal",
    ):
        if hasattr(nn.init, name):
            setattr(nn.init, name, _first_argument)


def _first_argument(*args: Any, **kwargs: Any) -> Any:
    return args[0] if args else kwargs.get("tensor")


class _PlainScriptModule(nn.Module):
    """What a `ScriptModule` is to us. A class of its own, since torch asks modules whether they are one."""


def _open_what_hides_the_forward() -> None:
    """Scripted, compiled, checkpointed and replicated models would hide their operators."""
    torch.jit.script = _decorator  # type: ignore[assignment]
    torch.jit.script_if_tracing = _decorator  # type: ignore[assignment]
    torch.jit.script_method = _decorator  # type: ignore[assignment]
    torch.jit.ScriptModule = _PlainScriptModule  # type: ignore[assignment, misc]
    torch.compile = _decorator  # type: ignore[assignment]
    torch.utils.checkpoint.checkpoint = _call  # type: ignore[assignment]
    torch.utils.checkpoint.checkpoint_sequential = _call_sequential  # type: ignore[assignment]
    # for those who have imported `checkpoint` itself before
    torch.utils.checkpoint.CheckpointFunction.apply = _call_checkpointed  # type: ignore[method-assign, assignment]
    nn.Module.compile = _nothing  # type: ignore[method-assign, assignment]
    nn.DataParallel.__new__ = _the_module  # type: ignore[method-assign, assignment]


def _decorator(target: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The identity, also as a decorator with arguments (`@torch.compile(dynamic=True)`)."""
    return _decorator if target is None else target


def _call(function: Any, *args: Any, **kwargs: Any) -> Any:
    for name in (
        "use_reentrant",
        "preserve_rng_state",
        "context_fn",
        "determinism_check",
        "debug",
        "early_stop",
    ):
        kwargs.pop(name, None)
    return function(*args, **kwargs)


def _call_checkpointed(function: Any, preserve_rng_state: bool, *args: Any) -> Any:
    return function(*args)


def _call_sequential(functions: Any, segments: int, input: Any, **kwargs: Any) -> Any:
    for function in functions.children() if isinstance(functions, nn.Sequential) else functions:
        input = function(input)
    return input


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def _the_module(cls: type, module: Any, *args: Any, **kwargs: Any) -> Any:
    return module


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


def _leave_checks_to_descriptions() -> None:
    """Recurrent layers check their input in Python before the operator that we describe is called."""
    for layer_class in (nn.RNNBase, nn.LSTM):
        layer_class.check_forward_args = _nothing  # type: ignore[method-assign, assignment]


def _keep_modules_in_place() -> None:
    """A model stays on the device that it is traced on, whatever the file moves it to."""
    move = nn.Module.to

    def to(self: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
        dtypes = [value for value in (*args, kwargs.get("dtype")) if isinstance(value, torch.dtype)]
        return move(self, dtypes[0]) if dtypes else self

    nn.Module.to = to  # type: ignore[method-assign, assignment]
    for name in ("cuda", "cpu", "xpu", "share_memory"):
        setattr(nn.Module, name, lambda self, *args, **kwargs: self)


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
