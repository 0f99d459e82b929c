"""Models of torchvision and timm as single files: the real source text, cut down to what one model needs.

Rows are those of the library's own file, so that a text with a change in it is read beside the original.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REGISTERS = ("register_model", "handle_legacy_interface")
"""Decorators that enter a model in the library's own table, where it is already."""


@dataclass(frozen=True)
class LibraryModel:
    """A factory of a library's module, and a small input that its model takes.

    Attributes:
        module: `torchvision.models.resnet`.
        factory: `resnet18`.
    """

    module: str
    factory: str
    shape: tuple[int, ...] = (3, 64, 64)

    @property
    def library(self) -> str:
        return self.module.partition(".")[0]

    @cached_property
    def text(self) -> str:
        """The module without what the factory does not need, with absolute imports."""
        spec = importlib.util.find_spec(self.module)
        assert spec is not None and spec.origin is not None
        lines = Path(spec.origin).read_text(encoding="utf-8").split("\n")
        for statement in ast.parse("\n".join(lines)).body:
            for decorator in getattr(statement, "decorator_list", ()):
                if any(name in ast.unparse(decorator) for name in REGISTERS):
                    _blank(lines, decorator)
        statements = ast.parse("\n".join(lines)).body
        wanted = _closure(statements, self.factory)
        for statement in statements:
            if isinstance(statement, ast.ImportFrom) and statement.level:
                _blank(lines, statement)
                lines[statement.lineno - 1] = self._absolute(statement)
            elif not isinstance(statement, (ast.Import, ast.ImportFrom)) and statement not in wanted:
                _blank(lines, statement)
        return "\n".join(lines).rstrip() + "\n"

    def _absolute(self, statement: ast.ImportFrom) -> str:
        package = self.module.rsplit(".", statement.level)[0]
        module = f"{package}.{statement.module}" if statement.module else package
        names = [alias for alias in statement.names if alias.name not in REGISTERS]
        return ast.unparse(ast.ImportFrom(module, names, 0)) if names else ""


def _blank(lines: list[str], node: ast.stmt | ast.expr) -> None:
    last = node.end_lineno or node.lineno
    first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
    lines[first - 1 : last] = [""] * (last - first + 1)


def _closure(statements: list[ast.stmt], name: str) -> list[ast.stmt]:
    """The statements of a module that a name needs, directly or not."""
    binders: dict[str, list[ast.stmt]] = {}
    for statement in statements:
        for bound in _bound(statement):
            binders.setdefault(bound, []).append(statement)
    waiting, found = [name], []
    for each in waiting:
        for statement in binders.pop(each, ()):
            found.append(statement)
            waiting += [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
    return found


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _torchvision(module: str, factory: str, *shape: int) -> LibraryModel:
    return LibraryModel(f"torchvision.models.{module}", factory, shape or (3, 64, 64))


def _timm(module: str, factory: str, *shape: int) -> LibraryModel:
    return LibraryModel(f"timm.models.{module}", factory, shape or (3, 64, 64))


LIBRARY_MODELS = (
    _torchvision("alexnet", "alexnet"),
    _torchvision("vgg", "vgg11_bn"),
    _torchvision("resnet", "resnet18"),
    _torchvision("resnet", "resnext50_32x4d"),
    _torchvision("squeezenet", "squeezenet1_1"),
    _torchvision("mobilenetv2", "mobilenet_v2"),
    _torchvision("mobilenetv3", "mobilenet_v3_small"),
    _torchvision("shufflenetv2", "shufflenet_v2_x0_5"),
    _torchvision("mnasnet", "mnasnet0_5"),
    _torchvision("densenet", "densenet121"),
    _torchvision("googlenet", "googlenet"),
    _torchvision("efficientnet", "efficientnet_b0"),
    _torchvision("regnet", "regnet_y_400mf"),
    _torchvision("convnext", "convnext_tiny"),
    _torchvision("swin_transformer", "swin_t"),
    _torchvision("video.resnet", "r3d_18", 3, 8, 56, 56),
    _timm("resnet", "resnet10t"),
    _timm("vovnet", "ese_vovnet19b_slim_dw"),
    _timm("dla", "dla46_c"),
    _timm("selecsls", "selecsls42"),
    _timm("rexnet", "rexnet_100"),
    _timm("ghostnet", "ghostnet_050"),
    _timm("pvt_v2", "pvt_v2_b0"),
    _timm("starnet", "starnet_s050"),
    _timm("edgenext", "edgenext_xx_small"),
    _timm("xception_aligned", "xception41"),
    _timm("levit", "levit_128s", 3, 224, 224),
    _timm("repvit", "repvit_m0_9"),
)
