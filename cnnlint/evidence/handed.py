"""Where a file says what the inputs of its models are: tensors that it hands to them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from cnnlint.evidence.datasets import DatasetReader
from cnnlint.evidence.facts import InputEvidence
from cnnlint.evidence.instances import Instances, Origin
from cnnlint.evidence.tensors import Source, Tensors
from cnnlint.source.expressions import Expression, Expressions
from cnnlint.source.file import SourceFile
from cnnlint.source.names import Imports, positional_parameters
from cnnlint.source.scopes import Scopes, Use
from cnnlint.traces import weakest

TAKES_MODEL_AND_TENSORS = {
    "torch.onnx.export": ("args", "f"),
    "torch.jit.trace": ("example_inputs", "func"),
    "torch.export.export": ("args",),
    "thop.profile": ("inputs",),
    "fvcore.nn.FlopCountAnalysis": ("inputs",),
    "torchsummaryX.summary": ("x",),
    "pytorch_model_summary.summary": ("inputs",),
    "torchviz.make_dot": (),
}
"""Functions whose first argument is a model and whose second, or this keyword, is its input."""

TAKES_MODEL_AND_TENSORS_BY_LAST_NAME = {"add_graph": ("input_to_model",), "profile": ("inputs",)}

TAKES_MODEL_AND_SIZE = {
    "torchsummary.summary": ("input_size", False),
    "torchsummary.torchsummary.summary": ("input_size", False),
    "torchinfo.summary": ("input_size", True),
    "torchview.draw_graph": ("input_size", True),
    "ptflops.get_model_complexity_info": ("input_res", False),
    "modelsummary.summary": ("input_size", False),
}
"""Functions whose first argument is a model and whose second is a size: the keyword, and whether the
size has the batch in it."""


class InputReader:
    """Finds the tensors and sizes that are handed to models."""

    def __init__(
        self,
        file: SourceFile,
        imports: Imports,
        scopes: Scopes,
        instances: Instances,
        expressions: Expressions,
        datasets: DatasetReader,
    ):
        self.file = file
        self.imports = imports
        self.scopes = scopes
        self.instances = instances
        self.expressions = expressions
        self.tensors = Tensors(imports, scopes, expressions, datasets)

    def handed_over(self) -> Iterator[tuple[Origin, InputEvidence]]:
        """What the file hands to its models, in source order."""
        for use in self.scopes.calls:
            call = use.node
            assert isinstance(call, ast.Call)
            name = self.imports.qualified(call.func) or ""
            if name in TAKES_MODEL_AND_SIZE and call.args:
                origin = self.instances.origin(use._replace(node=call.args[0]))
                evidence = self._summary(use, call, *TAKES_MODEL_AND_SIZE[name])
            elif self._tensor_keywords(name) is not None and call.args:
                origin = self.instances.origin(use._replace(node=call.args[0]))
                evidence = self._exported(use, call, self._tensor_keywords(name) or ())
            else:
                origin = self._called_model(use, call)
                evidence = self._call(use, call, origin) if origin is not None else None
            if origin is not None and evidence is not None:
                yield origin, evidence

    def example_input_arrays(self) -> Iterator[tuple[Origin, InputEvidence]]:
        """`example_input_array` of Lightning modules."""
        for name, scope in self.scopes.classes.items():
            assigned = [
                *((inner, binding) for inner, binding in scope.attributes.get("example_input_array", ())),
                *((scope, binding) for binding in scope.bindings.get("example_input_array", ())),
            ]
            for inner, binding in assigned[:1]:
                if binding.value is None:
                    continue
                evidence = self._tensors([Use(binding.value, inner, binding.path)])
                if evidence is not None:
                    yield name, evidence

    def _called_model(self, use: Use, call: ast.Call) -> Origin | None:
        """The model that a call runs: `model(x)`, `Net()(x)`, `model.forward(x)`."""
        callee = call.func
        if isinstance(callee, ast.Attribute) and callee.attr == "forward":
            return self.instances.origin(use._replace(node=callee.value))
        if isinstance(callee, ast.Name) and callee.id in self.scopes.functions:
            return None
        return self.instances.origin(use._replace(node=callee))

    def _call(self, use: Use, call: ast.Call, origin: Origin) -> InputEvidence | None:
        """The tensors in a call of a model."""
        given: list[ast.expr] = []
        for argument in call.args:
            if isinstance(argument, ast.Constant):
                break  # flags behind the tensors
            given.append(argument)
        if call.keywords:
            order = self._forward_parameters(origin)
            named = {
                item.arg: item.value for item in call.keywords if not isinstance(item.value, ast.Constant)
            }
            given += [named[name] for name in order[len(given) :] if name in named]
        return self._tensors([use._replace(node=item) for item in given])

    def _forward_parameters(self, origin: Origin) -> list[str]:
        forward = self.instances.models.method(origin, "forward") if isinstance(origin, str) else None
        return positional_parameters(forward.args)[1:] if forward is not None else []

    def _exported(self, use: Use, call: ast.Call, keywords: tuple[str, ...]) -> InputEvidence | None:
        """The tensors given to `torch.onnx.export(model, x)` and its like; a tuple is several inputs."""
        given = call.args[1] if len(call.args) > 1 else None
        for item in call.keywords:
            if item.arg in keywords:
                given = item.value
        return self._tensors([use._replace(node=given)]) if given is not None else None

    def _tensor_keywords(self, name: str) -> tuple[str, ...] | None:
        if name in TAKES_MODEL_AND_TENSORS:
            return TAKES_MODEL_AND_TENSORS[name]
        return TAKES_MODEL_AND_TENSORS_BY_LAST_NAME.get(name.rpartition(".")[2]) if "." in name else None

    def _summary(self, use: Use, call: ast.Call, keyword: str, batched: bool) -> InputEvidence | None:
        """The sizes given to a summary function."""
        given = call.args[1] if len(call.args) > 1 else None
        for item in call.keywords:
            if item.arg == keyword:
                given = item.value
            elif item.arg == "input_data":
                return self._tensors([use._replace(node=item.value)])
            elif item.arg == "batch_dim":
                batched = False
        if given is None:
            return None
        several = isinstance(given, (ast.List, ast.Tuple)) and given.elts
        items: list[ast.expr] = [given]
        if several and all(isinstance(item, (ast.List, ast.Tuple)) for item in given.elts):  # type: ignore[attr-defined]
            items = given.elts  # type: ignore[attr-defined]
        sizes = [self.expressions.make(use._replace(node=item)) for item in items]
        if not all(sizes):
            return None
        reason = f"{self._shown(call)} in {self.file.line(call.lineno)}"
        complete = tuple(size for size in sizes if size is not None)
        return InputEvidence("evidence", reason, self.file.span(given), sizes=complete, batched=batched)

    def _tensors(self, given: list[Use]) -> InputEvidence | None:
        """The evidence that these tensors give, one an input; None if any of them is not known."""
        if len(given) == 1:
            for value in self.scopes.values(*given[0]):
                if isinstance(value.node, (ast.Tuple, ast.List)):
                    given = [value._replace(node=item) for item in value.node.elts]
                    break
        sources: list[Source] = []
        expressions: list[Expression] = []
        for use in given:
            source = self.tensors.source(use)
            expression = self.tensors.expression(source) if source is not None else None
            if source is None or expression is None:
                return None
            sources.append(source)
            expressions.append(expression)
        if not sources:
            return None
        first = sources[0].root.node
        span = self.file.span(first)
        if sources[0].sample:
            assert isinstance(first, ast.Call)
            reason = f"{self._shown(first.func)} in {self.file.line(first.lineno)}"
        else:
            reason = f"{self._shown(first)} in {self.file.line(first.lineno)}"
        degree = weakest(source.degree for source in sources)
        return InputEvidence("evidence", reason, span, expressions=tuple(expressions), degree=degree)

    def _shown(self, node: ast.expr) -> str:
        """A call as it is written, short enough for a sentence."""
        text = " ".join(self.file.segment(self.file.span(node)).split())
        return text if len(text) <= 60 else f"{text[:57]}…"
