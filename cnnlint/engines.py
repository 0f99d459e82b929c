"""Which engine traces a file: the stand-in, or torch itself where a file needs it and it is installed."""

from __future__ import annotations

import importlib.machinery
import os
import re
import sys
from functools import cache

from cnnlint.job import Job

_NEEDS_TORCH = re.compile(r"^Requires-Dist: torch\b(?!vision|audio|metrics)", re.MULTILINE | re.IGNORECASE)


RUN = frozenset({"timm", "torchvision"})
"""Packages that need torch, and run on the stand-in."""


@cache
def has_torch() -> bool:
    """Whether torch is installed."""
    return importlib.machinery.PathFinder.find_spec("torch") is not None


def needs_torch(job: Job) -> str | None:
    """Why a job is torch's from the start; None where the stand-in may try it."""
    if job.device != "meta":
        return f"the device {job.device}"
    if job.verify:
        return "--verify"
    for name in job.imports:
        if name.partition(".")[0] not in RUN and builds_on_torch(name):
            return f"the package {name}"
    if "site-packages" in job.path:
        package = job.path.rpartition("site-packages" + os.sep)[2].partition(os.sep)[0]
        if package not in RUN and builds_on_torch(package.removesuffix(".py")):
            return f"the package {package}"
    return None


@cache
def builds_on_torch(package: str) -> bool:
    """Whether an installed package says that it needs torch."""
    top = package.partition(".")[0]
    for folder in dict.fromkeys(sys.path):
        for name in _distributions(folder):
            if name.partition("-")[0].replace("-", "_").lower() in (top.lower(), f"pytorch_{top.lower()}"):
                try:
                    with open(os.path.join(folder, name, "METADATA"), encoding="utf-8") as text:
                        return _NEEDS_TORCH.search(text.read()) is not None
                except OSError:
                    return True
    return False


@cache
def _distributions(folder: str) -> tuple[str, ...]:
    try:
        return tuple(name for name in os.listdir(folder) if name.endswith(".dist-info"))
    except OSError:
        return ()
