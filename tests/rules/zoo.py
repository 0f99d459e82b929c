"""The famous architectures, at design size: no default rule may report an error or a warning on them,
save the true findings listed here, each with its reason.

    python tests/rules/zoo.py              everything (some minutes)
    python tests/rules/zoo.py resnet       models whose name contains a word

prints the findings that are not expected, the count of advice, and what could not be traced whole.
"""

from __future__ import annotations

import fnmatch
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cnnlint.config import Settings
from cnnlint.diagnostic import Severity
from cnnlint.judging import judge
from cnnlint.plugin import all_rules
from cnnlint.result import FileResult
from cnnlint.tracing import trace_paths

POOLED_NORM = "a BatchNorm follows a global pooling"
POOLED_KEYS = "the attention's keys are pooled with a kernel of 3 and a stride of 8"
STRIDED_POINTWISE = "a 1×1 convolution or pooling with stride 2 reads a quarter of its input, as in ResNet v1"

TRUE_FINDINGS: dict[str, dict[str, str]] = {
    "torchvision.deeplabv3_*": {
        "CNN112": POOLED_NORM,
        "CNN303": "at 224 pixels its dilations of 24 and 36 reach beyond the map",
    },
    "torchvision.inception_v3": {"CNN112": "its auxiliary head has a BatchNorm on a 1×1 map"},
    "torchvision.mvit_*": {"CNN302": POOLED_KEYS},
    "timm.resnest*": {"CNN112": POOLED_NORM},
    "timm.rexnet*": {"CNN112": POOLED_NORM},
    "timm.skresne*": {"CNN112": POOLED_NORM, "CNN302": STRIDED_POINTWISE},
    "timm.dpn*": {"CNN302": STRIDED_POINTWISE},
    "timm.*nasnet*": {"CNN302": STRIDED_POINTWISE},
    "timm.mvitv2*": {"CNN302": POOLED_KEYS},
    "timm.csatv2*": {
        "CNN512": "its attention with one channel multiplies over the batch",
        "CNN112": "its attention normalises single values",
    },
}


@dataclass(frozen=True)
class Architecture:
    """A model and the input that it was designed for. `call` makes it without pretrained weights."""

    name: str
    call: str
    inputs: str

    @property
    def text(self) -> str:
        """A file that makes it."""
        library = self.name.partition(".")[0]
        return f"import {library}\n\n\n# cnnlint: input={self.inputs}\ndef make():\n    return {self.call}\n"

    def expects(self, code: str) -> bool:
        """Whether a finding is in the list above."""
        return any(
            code in findings
            for pattern, findings in TRUE_FINDINGS.items()
            if fnmatch.fnmatch(self.name, pattern)
        )


def torchvision_models() -> Iterator[Architecture]:
    """All of torchvision's models but the quantised ones."""
    from torchvision import models

    for name in models.list_models():
        module = models.get_model_builder(name).__module__.rpartition("models.")[2]
        if "quantization" in module:
            continue
        arguments = "weights=None"
        if "segmentation" in module or "detection" in module:
            arguments += ", weights_backbone=None"
        if name in ("googlenet", "inception_v3"):
            arguments += ", init_weights=False"
        call = f"torchvision.models.get_model({name!r}, {arguments})"
        yield Architecture(f"torchvision.{name}", call, _torchvision_input(name, module))


def _torchvision_input(name: str, module: str) -> str:
    from torchvision import models

    if "optical_flow" in module:
        return "3x256x256, 3x256x256"
    if "video" in module:
        return "3x16x112x112" if "resnet" in module else "3x16x224x224"
    if "detection" in module:
        return "3x320x320"
    if "segmentation" in module:
        return "3x224x224"
    presets = [weights.transforms.keywords["crop_size"] for weights in models.get_model_weights(name)]  # type: ignore[attr-defined]
    size = min(presets, default=224)
    return f"3x{size}x{size}"


def timm_models() -> Iterator[Architecture]:
    """The smallest named model of each of timm's families."""
    import timm

    families: dict[str, list[str]] = {}
    for name in timm.list_models():
        family = re.match(r"[a-z]+(?:_[a-z]+)?", name)
        families.setdefault(family[0] if family else name, []).append(name)
    for names in families.values():
        name = min(names, key=lambda each: (len(each), each))
        config = timm.get_pretrained_cfg(name)
        size = config.input_size if config else (3, 224, 224)
        yield Architecture(f"timm.{name}", f"timm.create_model({name!r})", "x".join(map(str, size)))


def judged(architectures: Iterable[Architecture]) -> Iterator[tuple[Architecture, FileResult]]:
    """Each with what the default rules say of it."""
    listed = list(architectures)
    rules = [rule for rule in all_rules() if rule.default]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for architecture in listed:
            path = Path(folder, f"{architecture.name.replace('.', '_')}.py")
            path.write_text(architecture.text, encoding="utf-8")
            paths.append(str(path))
        traces = trace_paths(paths, Settings(timeout=300))
        for architecture, traced in zip(listed, traces, strict=True):
            yield architecture, judge(traced, rules)


def unexpected(architecture: Architecture, result: FileResult) -> list[str]:
    """Errors and warnings that are not in the list, and what kept the model from being judged."""
    found = [
        f"{finding.code} {finding.severity}: {finding.message}"
        for finding in result.findings
        if not architecture.expects(finding.code)
        and (finding.severity is not Severity.ADVICE or finding.code.startswith("CNN0"))
    ]
    return found + list(result.crashes)


def main(words: list[str]) -> None:
    advice: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    count = whole = alarms = 0
    everything = [*torchvision_models(), *timm_models()]
    for architecture, result in judged(
        each for each in everything if all(word in each.name for word in words)
    ):
        count += 1
        passes = [run for model in result.trace.models for run in model.passes]
        whole += any(run.complete for run in passes)
        for message in unexpected(architecture, result):
            alarms += 1
            print(f"{architecture.name}: {message}", flush=True)
        advice.update(finding.code for finding in result.findings if finding.severity is Severity.ADVICE)
        expected.update(finding.code for finding in result.findings if architecture.expects(finding.code))
    print(f"{count} models, {whole} followed to the end; {alarms} unexpected errors and warnings")
    print("expected:", dict(sorted(expected.items())))
    print("advice:", dict(sorted(advice.items())))


if __name__ == "__main__":
    main(sys.argv[1:])
