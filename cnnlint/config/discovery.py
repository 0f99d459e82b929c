"""Which configuration applies to which file: that of the closest folder above it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from cnnlint.config.layers import Layer, merged, of_assignment, of_file, of_flags, of_folder
from cnnlint.config.settings import Settings, UsageError


class Configuration:
    """The settings of each file of a run.

    The closest configuration file counts and nothing of those above it, unless it extends them; over it
    come `--config key=value`, and then the flags.

    Args:
        flags: the values of flags that configuration files have too, by key.
        arguments: those of `--config`: one file at most, and assignments.
        isolated: whether no configuration file is looked for.
        run: the fields of `Settings` that only flags set.

    Attributes:
        run: what concerns the run and not its files: the flags that configuration files do not have.

    Raises:
        UsageError: a file cannot be read, or something says what there is not.
    """

    def __init__(
        self,
        flags: Mapping[str, Any],
        arguments: Sequence[str] = (),
        isolated: bool = False,
        run: Mapping[str, Any] | None = None,
    ):
        files = [item for item in arguments if _is_file(item)]
        if len(files) > 1:
            raise UsageError(f"--config names more than one file: {', '.join(files)}")
        if files and isolated:
            raise UsageError(f"--isolated and --config {files[0]} contradict each other")
        assignments = [of_assignment(item) for item in arguments if item not in files]
        self._over = [*assignments, of_flags(flags)]
        self._run = run or {}
        self.run = Settings(**self._run)
        self._everywhere = of_file(files[0], os.getcwd()) if files else [] if isolated else None
        self._by_folder: dict[str, Settings] = {}

    def at(self, path: str) -> Settings:
        """The settings of a file, or of what a folder holds; "-" is standard input.

        Raises:
            UsageError: its configuration cannot be read, or says what there is not.
        """
        if path == "-":  # by the name that it is given
            path = self._run.get("stdin_filename", path)
        path = os.path.abspath(path)
        return self.below(path if os.path.isdir(path) else os.path.dirname(path))

    def below(self, folder: str) -> Settings:
        """The settings of what a folder (an absolute path) holds. Raises UsageError as `at` does."""
        if folder not in self._by_folder:
            self._by_folder[folder] = self._look_up(folder)
        return self._by_folder[folder]

    def _look_up(self, folder: str) -> Settings:
        if self._everywhere is not None:
            return merged([*self._everywhere, *self._over], self._run)
        own = of_folder(folder)
        parent = os.path.dirname(folder)
        if own is None and parent != folder:
            return self.below(parent)
        layers: list[Layer] = [*(own or ()), *self._over]
        return merged(layers, self._run)


def _is_file(argument: str) -> bool:
    return os.path.isfile(argument) or "=" not in argument
