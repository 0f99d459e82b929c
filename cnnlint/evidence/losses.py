"""Losses that a file applies to its models' outputs, and the numbers of classes that it declares."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from cnnlint.diagnostic import Span
from cnnlint.evidence.datasets import DEEPEST, DatasetReader, constant
from cnnlint.evidence.instances import Instances, Origin
from cnnlint.source.file import SourceFile
from cnnlint.source.names import Imports
from cnnlint.source.scopes import Scope, Scopes, Use
from cnnlint.traces import ClassCount, LossUse

FUNCTIONAL_LOSSES = {
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "kl_div": "KLDivLoss",
    "poisson_nll_loss": "PoissonNLLLoss",
    "gaussian_nll_loss": "GaussianNLLLoss",
    "soft_margin_loss": "SoftMarginLoss",
    "multilabel_margin_loss": "MultiLabelMarginLoss",
    "multilabel_soft_margin_loss": "MultiLabelSoftMarginLoss",
    "multi_margin_loss": "MultiMarginLoss",
    "hinge_embedding_loss": "HingeEmbeddingLoss",
    "margin_ranking_loss": "MarginRankingLoss",
    "cosine_embedding_loss": "CosineEmbeddingLoss",
    "triplet_margin_loss": "TripletMarginLoss",
    "ctc_loss": "CTCLoss",
}
"""torch.nn.functional's losses by the name of their class."""

LOSS_CLASSES = frozenset(FUNCTIONAL_LOSSES.values()) | {"NLLLoss2d"}

CLASS_LOSSES = frozenset({"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"})
"""Losses whose target is a class number, so that outputs and classes are as many."""

ACTIVATIONS = {
    "softmax": "softmax",
    "Softmax": "softmax",
    "Softmax2d": "softmax",
    "log_softmax": "log_softmax",
    "LogSoftmax": "log_softmax",
    "sigmoid": "sigmoid",
    "Sigmoid": "sigmoid",
    "logsigmoid": "logsigmoid",
    "LogSigmoid": "logsigmoid",
    "relu": "relu",
    "ReLU": "relu",
    "tanh": "tanh",
    "Tanh": "tanh",
}

RESHAPING_METHODS = frozenset(
    """view reshape squeeze unsqueeze flatten permute transpose contiguous float double half long to cuda
    cpu view_as reshape_as type detach expand requires_grad_""".split()
)
"""Methods that leave an output's values as they are."""

COUNT_NAMES = frozenset(
    "num_classes n_classes nclasses num_class n_class num_labels n_labels nb_classes".split()
)


LIST_NAMES = frozenset({"classes", "class_names"})


class _Output(NamedTuple):
    """A model's output as a loss gets it."""

    origin: Origin
    activation: str | None


class LossReader:
    """Finds the losses of a file and ties them to its models."""

    def __init__(
        self,
        file: SourceFile,
        imports: Imports,
        scopes: Scopes,
        instances: Instances,
        datasets: DatasetReader,
    ):
        self.file = file
        self.imports = imports
        self.scopes = scopes
        self.instances = instances
        self.datasets = datasets
        self._losses: dict[Origin, list[LossUse]] = defaultdict(list)
        self._counts: dict[Origin, list[ClassCount]] = defaultdict(list)
        self._targets: list[Origin] = []
        self._elsewhere: set[str] = set()

    def read(self, targets: list[Origin]) -> None:
        """Read the file for losses on the outputs of these models."""
        self._targets = targets
        for use in self.scopes.calls:
            call = use.node
            assert isinstance(call, ast.Call)
            if not call.args and not call.keywords:
                continue
            for name, made in self._applied_losses(use, call):
                self._tie(use, call, name, made)
        if len(set(targets)) == 1 and not self._losses.get(targets[0]):
            self._losses[targets[0]].extend(self._only_loss())

    def of(self, origin: Origin) -> tuple[LossUse, ...]:
        """The losses that are applied to a model, each once."""
        unique = {(loss.name, loss.activation): loss for loss in reversed(self._losses.get(origin, []))}
        return tuple(sorted(unique.values(), key=lambda loss: (loss.span is None, loss.span)))

    def class_counts(self, origin: Origin, fed: bool) -> tuple[ClassCount, ...]:
        """How many classes the file says the model tells apart; empty where it says different things. Data
        sets of the file count where the model is `fed` with one."""
        found = list(self._counts.get(origin, []))
        classifies = any(loss.name in CLASS_LOSSES for loss in self.of(origin))
        if len(set(self._targets)) == 1 and classifies:
            found += self._declared()
            of_data = self.datasets.class_count() if fed else None
            if of_data is not None:
                found.append(of_data)
        unique = {(count.count, count.span): count for count in found}
        return tuple(unique.values())

    # -- applications of losses

    def _applied_losses(self, use: Use, call: ast.Call) -> Iterator[tuple[str, Use | None]]:
        """The losses that a call applies: their class names, and where they were made if they are
        objects."""
        name = self.imports.qualified(call.func) or ""
        last = name.rpartition(".")[2]
        if last in FUNCTIONAL_LOSSES and name.startswith(("torch.nn.functional.", "torch.")):
            yield FUNCTIONAL_LOSSES[last], None
            return
        if isinstance(call.func, ast.Name) and call.func.id in self.scopes.functions:
            return
        found = {}
        for value in self.scopes.values(call.func, use.scope, use.path):
            made = self._made_loss(value)
            if made is not None:
                found[made] = value
            elif isinstance(value.node, ast.Attribute):  # criterion = F.cross_entropy
                functional = (self.imports.qualified(value.node) or "").rpartition(".")[2]
                if functional in FUNCTIONAL_LOSSES:
                    found[FUNCTIONAL_LOSSES[functional]] = value
        if len(found) == 1:
            yield from found.items()

    def _made_loss(self, use: Use) -> str | None:
        """`CrossEntropyLoss` for `nn.CrossEntropyLoss(...).to(device)`."""
        node = _unmoved(use.node)
        if not isinstance(node, ast.Call):
            return None
        name = self.imports.qualified(node.func) or ""
        last = name.rpartition(".")[2]
        return last if last in LOSS_CLASSES and name.startswith("torch.nn.") else None

    def _tie(self, use: Use, call: ast.Call, name: str, made: Use | None) -> None:
        """Note a loss at the one model whose output it is given."""
        given = (
            call.args[0]
            if call.args
            else next((item.value for item in call.keywords if item.arg == "input"), None)
        )
        if given is None:
            return
        outputs = set(self._outputs(use._replace(node=given), None, 0))
        if len(outputs) != 1:
            if self._is_of_a_layer(use._replace(node=given)):
                self._elsewhere.add(name)
            return
        output = outputs.pop()
        span = self.file.span(made.node if made is not None else call)
        self._losses[output.origin].append(LossUse(name, span, output.activation))
        if name in CLASS_LOSSES:
            self._counts[output.origin].extend(self._counted(use, call, made))

    def _outputs(self, use: Use, activation: str | None, depth: int) -> Iterator[_Output]:
        """The model outputs that an expression is, with what the text applies to them on the way."""
        if depth > 10:
            return
        for value in self.scopes.values(*use):
            yield from self._outputs_of_value(value, activation, depth + 1)

    def _outputs_of_value(self, use: Use, activation: str | None, depth: int) -> Iterator[_Output]:
        node = use.node
        if isinstance(node, ast.Subscript):
            index = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if index in (0, "out", "logits"):
                yield from self._outputs(use._replace(node=node.value), activation, depth)
            return
        if isinstance(node, ast.Attribute) and node.attr in ("logits", "out"):
            yield from self._outputs(use._replace(node=node.value), activation, depth)
            return
        if not isinstance(node, ast.Call):
            return
        function = node.func
        if isinstance(function, ast.Attribute):
            if function.attr == "forward":
                origin = self.instances.origin(use._replace(node=function.value))
                if origin is not None:
                    yield _Output(self._whole(origin, use.scope, node), activation)
                return
            if function.attr in RESHAPING_METHODS:
                yield from self._outputs(use._replace(node=function.value), activation, depth)
                return
            if function.attr in ACTIVATIONS and not self.imports.is_imported(function):
                yield from self._outputs(use._replace(node=function.value), ACTIVATIONS[function.attr], depth)
                return
        applied = self._activation(use, function)
        if applied is not None and node.args:
            yield from self._outputs(use._replace(node=node.args[0]), applied, depth)
            return
        if isinstance(function, ast.Name) and function.id in self.scopes.functions:
            return
        origin = self.instances.origin(use._replace(node=function))
        if origin is not None:
            yield _Output(self._whole(origin, use.scope, node), activation)

    def _activation(self, use: Use, function: ast.expr) -> str | None:
        """The activation that a callee is: `F.softmax`, `torch.sigmoid`, `nn.Softmax(dim=1)`."""
        name = self.imports.qualified(function) or ""
        if name.startswith("torch.") and name.rpartition(".")[2] in ACTIVATIONS:
            return ACTIVATIONS[name.rpartition(".")[2]]
        for value in self.scopes.values(function, use.scope, use.path):
            if isinstance(value.node, ast.Call):
                made = self.imports.qualified(value.node.func) or ""
                if made.startswith("torch.nn."):
                    return ACTIVATIONS.get(made.rpartition(".")[2])
        return None

    def _whole(self, origin: Origin, scope: Scope, call: ast.Call) -> Origin:
        """The model itself where the loss is applied to a part whose output is the model's: a Lightning
        module that hands its input to `self.net`."""
        owner = scope.class_scope()
        if origin in self._targets or owner is None or owner.name not in self._targets:
            return origin
        forward = self.instances.models.method(owner.name, "forward")
        if forward is None or not forward.body:
            return origin
        last = forward.body[-1]
        hands_on = isinstance(last, ast.Return) and isinstance(last.value, ast.Call)
        if hands_on and ast.dump(last.value.func) == ast.dump(call.func):  # type: ignore[union-attr, attr-defined]
            return owner.name
        return origin

    def _is_of_a_layer(self, use: Use) -> bool:
        """Whether an expression is the output of a layer of torch.nn that stands for itself."""
        for value in self.scopes.values(*use):
            callee = value.node.func if isinstance(value.node, ast.Call) else None
            for made in self.scopes.values(callee, value.scope, value.path) if callee is not None else ():
                name = self.imports.qualified(made.node.func) if isinstance(made.node, ast.Call) else None
                if name is not None and name.startswith("torch.nn."):
                    return True
        return False

    def _only_loss(self) -> Iterator[LossUse]:
        """The one loss that a file with one model makes, though the text does not show it applied; not
        one that it applies to something else."""
        made: dict[str, Span] = {}
        for use in self.scopes.calls:
            name = self._made_loss(use)
            if name is not None and name not in self._elsewhere:
                made.setdefault(name, self.file.span(use.node))
        if len(made) == 1:
            for name, span in made.items():
                yield LossUse(name, span)

    # -- numbers of classes

    def _counted(self, use: Use, call: ast.Call, made: Use | None) -> Iterator[ClassCount]:
        """The classes that a loss's own arguments count: random targets, literal weights."""
        if len(call.args) > 1:
            for value in self.scopes.values(call.args[1], use.scope, use.path):
                yield from self._random_target(value)
        for item in [
            *call.keywords,
            *(made.node.keywords if made and isinstance(made.node, ast.Call) else []),
        ]:
            if item.arg == "weight":
                place = made or use
                for value in self.scopes.values(item.value, place.scope, place.path):
                    yield from self._weights(value)

    def _random_target(self, use: Use, depth: int = 0) -> Iterator[ClassCount]:
        """`torch.randint(0, 7, (16,))`: 7 classes."""
        node = _unmoved(use.node)
        if node is not use.node:
            for value in self.scopes.values(node, use.scope, use.path) if depth < DEEPEST else ():
                yield from self._random_target(value, depth + 1)
            return
        if not isinstance(node, ast.Call) or self.imports.qualified(node.func) != "torch.randint":
            return
        bounds = [constant(self.scopes, use._replace(node=item)) for item in node.args]
        numbers = [bound for bound in bounds if type(bound) is int]
        if len(bounds) == 3 and len(numbers) == 2 and numbers[0] == 0:
            count = numbers[1]
        elif len(bounds) == 2 and len(numbers) == 1 and type(bounds[0]) is int:
            count = numbers[0]
        else:
            return
        text = self.file.segment(self.file.span(node))
        yield ClassCount(
            count, self.file.span(node), f"{text} in {self.file.line(node.lineno)} gives {count} classes"
        )

    def _weights(self, use: Use) -> Iterator[ClassCount]:
        """`weight=torch.tensor([1.0, 2.0, 2.0])`: one weight a class."""
        node = _unmoved(use.node)
        listed = node.args[0] if isinstance(node, ast.Call) and node.args else None
        if not isinstance(listed, (ast.List, ast.Tuple)):
            return
        if not any(isinstance(item, ast.Starred) for item in listed.elts):
            reason = f"{len(listed.elts)} class weights in {self.file.line(node.lineno)}"
            yield ClassCount(len(listed.elts), self.file.span(node), reason)

    def _declared(self) -> Iterator[ClassCount]:
        """`num_classes = 10`, and literal lists of class names."""
        for scope in self.scopes.scope_of.values():
            if scope.class_scope() is not None:
                continue
            for name, bindings in scope.bindings.items():
                for binding in bindings:
                    count = _written_count(name.lower(), binding.value)
                    if count is not None and binding.value is not None:
                        shown = f"{name} = {count}" if name.lower() in COUNT_NAMES else f"{count} class names"
                        span = self.file.span(binding.value)
                        yield ClassCount(count, span, f"{shown} in {self.file.line(binding.row)}")


def _written_count(name: str, value: ast.expr | None) -> int | None:
    """The number of classes that an assignment states."""
    if name in COUNT_NAMES and isinstance(value, ast.Constant) and type(value.value) is int:
        return value.value
    if name in LIST_NAMES and isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) > 1:
        is_text = all(isinstance(item, ast.Constant) and isinstance(item.value, str) for item in value.elts)
        return len(value.elts) if is_text else None
    return None


def _unmoved(node: ast.expr) -> ast.expr:
    """`nn.CrossEntropyLoss()` for `nn.CrossEntropyLoss().to(device)`."""
    while (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("to", "cuda")
    ):
        node = node.func.value
    return node
