"""How fast cnnlint is, beside `import torch`, a bare forward pass and torchinfo.

    python tests/benchmarks/run.py                 everything (many minutes)
    python tests/benchmarks/run.py cold warm       some sections
    python tests/benchmarks/run.py --pairs 9       medians of more pairs

A quiet machine is assumed. Memory is that of the largest process of a run.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import measure
import models
from measure import CNNLINT, compare, report, seconds

IMPORT_TORCH = [sys.executable, "-c", "import torch"]


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def cold(folder: Path, pairs: int) -> None:
    """A first run, against the imports that the file needs."""
    lint = [*CNNLINT, "--no-cache"]
    lenet = models.write(folder, "lenet.py", models.LENET)
    compare("LeNet, against import torch", [*lint, lenet], IMPORT_TORCH, folder, pairs, 1.10, 1.10)
    resnet = models.write(folder, "resnet152.py", models.RESNET_152)
    compare("ResNet-152 in one file", [*lint, resnet], IMPORT_TORCH, folder, pairs, 1.30, 1.10)
    name = models.write(folder, "tv.py", models.factory("torchvision", "models.resnet152()"))
    floor = python("import torch, torchvision")
    compare("torchvision's resnet152", [*lint, name], floor, folder, pairs, 1.15, 1.10)


def warm(folder: Path, pairs: int) -> None:
    """Again, unchanged; and what never needs torch."""
    lenet = models.write(folder, "lenet.py", models.LENET)
    compare("LeNet again", [*CNNLINT, lenet], IMPORT_TORCH, folder, pairs, 0.10)
    empty = models.write(folder, "tools.py", "def add(a, b):\n    return a + b\n")
    compare("a file without a model", [*CNNLINT, empty], IMPORT_TORCH, folder, pairs, 0.10)
    compare("--help", [*CNNLINT, "--help"], IMPORT_TORCH, folder, pairs, 0.10)
    compare("rule CNN102", [*CNNLINT, "rule", "CNN102"], IMPORT_TORCH, folder, pairs, 0.10)


def memory(folder: Path, pairs: int) -> None:
    """Large models allocate no weight."""
    floors = {
        "torchvision": python("import torch, torchvision"),
        "timm": python("import torch, timm"),
    }
    for module, call in (
        ("torchvision", "models.vgg16()"),
        ("timm", "create_model('convnext_xxlarge')"),
        ("timm", "create_model('vit_giant_patch14_224')"),
    ):
        name = models.write(folder, "large.py", models.factory(module, call))
        lint = [*CNNLINT, "--no-cache", name]
        compare(f"{module}.{call}"[:44], lint, floors[module], folder, max(pairs // 2, 1), None, 1.10)


def tracing(folder: Path, pairs: int) -> None:
    """Build, forward in both modes and rules, against a bare build and forward on meta; both warm."""
    import torch

    from cnnlint.config import Settings
    from cnnlint.job import Job
    from cnnlint.judging import judge
    from cnnlint.plugin import all_rules
    from cnnlint.result import TracedFile
    from cnnlint.runtime import patches
    from cnnlint.runtime.session import trace_file
    from cnnlint.source.file import SourceFile

    scope: dict[str, object] = {}
    exec(compile(models.RESNET_152, "resnet152.py", "exec"), scope)
    network: Callable[[], torch.nn.Module] = scope["ResNet"]  # type: ignore[assignment]

    def bare() -> None:
        with torch.device("meta"):
            model = network()
            model(torch.empty(2, 3, 224, 224))

    patches.install()
    job = Job("resnet152.py", "/resnet152.py", models.RESNET_152, allow_effects=True)

    def ours() -> None:
        traced = TracedFile(
            SourceFile(job.filename, job.text), trace_file(job, str(folder), lambda seen: None)
        )
        judge(traced, all_rules(), Settings())

    bare()
    ours()
    ratios = []
    for _ in range(pairs):
        ratios.append(seconds(ours, 1) / seconds(bare, 1))
    report("ResNet-152 traced and judged, warm", sorted(ratios)[pairs // 2], 2.0, "time")


def growth(folder: Path, pairs: int) -> None:
    """Ten times the layers or files: ten times the time."""
    lint = [*CNNLINT, "--no-cache", "--timeout", "600"]
    few = models.write(folder, "chain1000.py", models.chain(1000))
    many = models.write(folder, "chain10000.py", models.chain(10_000))
    compare("10,000 layers against 1,000", [*lint, many], [*lint, few], folder, pairs, 11.0)
    small, large = models.many(folder, 100), models.many(folder, 1000)
    compare("1,000 files against 100", [*lint, large], [*lint, small], folder, pairs, 10.5)
    taken = []
    for _ in range(pairs):
        one, hundred = measure.run([*lint, f"{small}/net0.py"], folder), measure.run([*lint, small], folder)
        taken.append((hundred.seconds - one.seconds) / 99 * 1000)
    each = statistics.median(taken)
    print(f"{'each further LeNet':44}  {each:.0f} ms on {measure.cores()} cores  wanted ≤ 40 on 2")


def torchinfo(folder: Path, pairs: int) -> None:
    """Beside torchinfo.summary, which runs a real forward on cpu."""
    for name, call in (
        ("VGG16", "vgg16()"),
        ("ResNet-152", "resnet152()"),
        ("ConvNeXt-L", "convnext_large()"),
    ):
        file = models.write(folder, "peer.py", models.factory("torchvision", f"models.{call}"))
        theirs = python(
            f"import torchinfo, torchvision; torchinfo.summary(torchvision.models.{call}, (1, 3, 224, 224))"
        )
        lint = [*CNNLINT, "shapes", "--no-cache", file]
        compare(f"{name}, against torchinfo", lint, theirs, folder, pairs, 1.0, 1.0)


SECTIONS = {
    "cold": cold,
    "warm": warm,
    "memory": memory,
    "tracing": tracing,
    "growth": growth,
    "torchinfo": torchinfo,
}


def main() -> None:
    arguments = sys.argv[1:]
    pairs = 5
    if "--pairs" in arguments:
        at = arguments.index("--pairs")
        pairs = int(arguments[at + 1])
        del arguments[at : at + 2]
    unknown = set(arguments) - set(SECTIONS)
    if unknown:
        sys.exit(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    folder = Path(tempfile.mkdtemp(prefix="cnnlint-benchmark-"))
    try:
        for name in arguments or SECTIONS:
            print(f"-- {name}: {(SECTIONS[name].__doc__ or '').partition('.')[0]}")
            SECTIONS[name](folder, pairs)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
