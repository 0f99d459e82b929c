"""What the settings say of the models in one file."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator

from cnnlint.config.settings import Settings, UsageError
from cnnlint.evidence.configured import SOURCE, Configured, called_name
from cnnlint.evidence.facts import InputEvidence


def configured(path: str, settings: Settings) -> Configured:
    """The inputs, constructions, classes and loss that apply to a file. Of the patterns that fit, the last
    counts; what is said of one model counts before what is said of all."""
    path = os.path.abspath(path)
    inputs = [
        (entry.model or "", InputEvidence(SOURCE, f"inputs in {entry.origin}", None, entry.inputs))
        for entry in reversed(settings.file_inputs)
        if entry.pattern.matches(path)
    ]
    calls = {
        called_name(call): (call, f"models in {entry.origin}")
        for entry in settings.file_models
        if entry.pattern.matches(path)
        for call in entry.calls
    }
    return Configured(
        tuple(sorted(inputs, key=lambda item: not item[0])),
        tuple(calls.values()),
        settings.num_classes,
        settings.loss,
    )


def require_models(path: str, settings: Settings, models: Collection[str]) -> None:
    """Refuses settings that name a model which a file does not have, where they name just that file.

    Raises:
        UsageError: they do.
    """
    for origin, pattern, model in _named(os.path.abspath(path), settings):
        if model not in models and not re.search(r"[*?\[!]", pattern):
            raise UsageError(f"{origin}: no model {model} in {path}")


def _named(path: str, settings: Settings) -> Iterator[tuple[str, str, str]]:
    for inputs in settings.file_inputs:
        if inputs.model and inputs.pattern.matches(path):
            yield f"{inputs.origin}: inputs", inputs.pattern.text, inputs.model
    for models in settings.file_models:
        for call in models.calls:
            if models.pattern.matches(path):
                yield f"{models.origin}: models", models.pattern.text, called_name(call)
