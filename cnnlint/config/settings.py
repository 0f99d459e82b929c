"""The effective settings of a file, as plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from cnnlint.config.patterns import DEFAULT_EXCLUDE, Pattern
from cnnlint.diagnostic import Severity
from cnnlint.evidence.facts import InputShape
from cnnlint.plugin import Plugin
from cnnlint.shard import WHOLE, Shard
from cnnlint.traces import ClassCount, LossUse

UNJUDGED_FAMILY = "CNN0"
"""Codes that say what could not be judged: `--select` does not turn them off, only `--ignore` does."""


class UsageError(Exception):
    """The run cannot start; the message is one line for the user (exit 2)."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules that one place asks for: a configuration file, or the flags.

    Attributes:
        origin: the place, for messages: a file's name; "" for the flags.
        select: selectors that replace what was selected before; None where nothing is said.
        extend_select, ignore: selectors that are added, and taken away.
    """

    origin: str = ""
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileIgnores:
    """Rules that are not run on the files of a pattern; `origin` as in `Selection`."""

    origin: str
    pattern: Pattern
    ignore: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """The options of one rule that a configuration file sets; `origin` as in `Selection`."""

    origin: str
    rule: str
    values: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class FileInputs:
    """The inputs of the models in the files of a pattern, or of the one with a name."""

    origin: str
    pattern: Pattern
    model: str | None
    inputs: tuple[InputShape, ...]


@dataclass(frozen=True, slots=True)
class FileModels:
    """How models in the files of a pattern are constructed."""

    origin: str
    pattern: Pattern
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings of a file.

    What configuration files and flags both set:
        selections: which rules, the places of less weight first.
        per_file_ignores: rules that are not run on some files.
        rule_options: for rules, those of less weight first.
        plugins: further modules with rules.
        fail_level: the least severity that makes the exit code 1.
        exclude: files and folders that are not looked at where they are found in a folder.
        device, timeout: see `cnnlint.job.Job`.
        num_classes, loss: what the models are trained with, where their file does not say it.
        file_inputs, file_models: inputs and constructions by file; the last that fits wins.
        sources: the configuration files that the settings come from, those of less weight first.

    What only flags set:
        inputs, models, verify, allow_effects, sizes: see `cnnlint.job.Job`.
        force_exclude: whether what is excluded is left out also where it is named.
        shard: the part of the files that is looked at.
        advice: whether advice is reported.
        verbose: also show the models that were judged, frames for advice, tracebacks of crashed rules.
        unsafe_fixes: whether fixes that have to be looked at are wanted too.
        quiet: show findings only, no last line.
        stdin_filename: how what is read from standard input is called.
        jobs: files that are traced at once; None for as many as there are processors.
        cache: the folder in which traces are kept between runs; None for none.
    """

    selections: tuple[Selection, ...] = ()
    per_file_ignores: tuple[FileIgnores, ...] = ()
    rule_options: tuple[RuleOptions, ...] = ()
    plugins: tuple[Plugin, ...] = ()
    fail_level: Severity = Severity.WARNING
    exclude: tuple[Pattern, ...] = field(
        default_factory=lambda: tuple(Pattern(text, os.getcwd()) for text in DEFAULT_EXCLUDE)
    )
    device: str = "meta"
    timeout: float = 30.0
    num_classes: ClassCount | None = None
    loss: LossUse | None = None
    file_inputs: tuple[FileInputs, ...] = ()
    file_models: tuple[FileModels, ...] = ()
    sources: tuple[str, ...] = ()
    inputs: tuple[InputShape, ...] = ()
    models: tuple[str, ...] = ()
    force_exclude: bool = False
    shard: Shard = WHOLE
    advice: bool = True
    verify: bool = False
    allow_effects: bool = False
    sizes: bool = False
    cache: str | None = None
    unsafe_fixes: bool = False
    verbose: bool = False
    quiet: bool = False
    stdin_filename: str = "<stdin>"
    jobs: int | None = None

    @property
    def names_rules(self) -> bool:
        """Whether anything is said of rules, and can be wrong."""
        return bool(self.selections or self.per_file_ignores or self.rule_options or self.plugins)

    @property
    def run(self) -> Settings:
        """What concerns the run and not its files: these."""
        return self

    def at(self, path: str) -> Settings:
        """The settings of a file or folder: these, wherever it is. `Configuration` looks into folders."""
        return self

    def below(self, folder: str) -> Settings:
        """The settings of what a folder holds: these."""
        return self
