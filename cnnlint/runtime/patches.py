"""What is changed inside a worker process, in the standard library and in whichever torch it has, and why.

A worker is a process of its own that ends with its file, so nothing here is undone.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch

from cnnlint import standin
from cnnlint.runtime.loader import NotGiven


def install() -> None:
    """Apply all patches, once, before any of the user's code or of third parties' is imported."""
    if not standin.installed():
        from cnnlint.runtime import real

        real.install()
    torch.autograd.Function.apply = classmethod(apply)  # type: ignore[method-assign, assignment]
    _parse_no_command_line()
    torch.set_grad_enabled(True)


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
