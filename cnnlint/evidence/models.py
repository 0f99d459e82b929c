"""Which classes of a file are models, and which calls build one."""

from __future__ import annotations

import ast
import enum
from functools import cache

from cnnlint.source.names import FunctionDef, Imports, positional_parameters
from cnnlint.source.slice import LIBRARIES


class Verdict(enum.Enum):
    """What the text says of a class: a model, surely none, or left to the runtime."""

    MODEL = "model"
    OTHER = "other"
    UNKNOWN = "unknown"


OTHER_ENDINGS = (
    "Loss",
    "Criterion",
    "Dataset",
    "DataModule",
    "DataLoader",
    "Sampler",
    "Optimizer",
    "Scheduler",
    "Callback",
    "Config",
    "Error",
    "Exception",
    "TestCase",
    "Transform",
    "Metric",
    "Logger",
    "Trainer",
    "Enum",
    "Mixin",
    "Protocol",
)
"""How the names of bases end whose classes are no models, whatever package they come from."""

WEIGHTED_LAYERS = (
    "Conv",
    "Linear",
    "Bilinear",
    "Embedding",
    "LSTM",
    "GRU",
    "RNN",
    "Multihead",
    "Transformer",
)
"""How the names of torch.nn classes with weights begin (`Lazy` and `Bi` aside)."""

PREDICTIONS = frozenset(
    """input inputs pred preds prediction predictions output outputs logits logit score scores y_pred
    y_hat yhat recon reconstruction x_hat estimate estimated""".split()
)
TARGETS = frozenset("target targets label labels gt gts ground_truth y_true truth gold".split())

REPLICAS = ("DataParallel", "DistributedDataParallel")
"""Classes of torch.nn that run a model which they are given."""

WRAPPERS = frozenset({*REPLICAS, "DDP", "FullyShardedDataParallel", "compile", "script"})
"""Calls that give back a model of the same structure as their first argument."""

SAME_MODEL_METHODS = frozenset(
    """to cuda cpu eval train half float double bfloat16 requires_grad_ share_memory apply type xpu mps
    to_empty""".split()
)
"""Methods of a model that give back the model."""


class Models:
    """The classes of a module, as far as they are models.

    Attributes:
        classes: the classes by name: those of the module's own body, else those inside functions and classes.
        nested: the names of the latter.
    """

    def __init__(self, tree: ast.Module, imports: Imports):
        self.imports = imports
        self.classes: dict[str, ast.ClassDef] = {}
        for node in _top_level(tree.body):
            if isinstance(node, ast.ClassDef):
                self.classes[node.name] = node
        own = frozenset(self.classes)
        for inner in ast.walk(tree):
            if isinstance(inner, ast.ClassDef):
                self.classes.setdefault(inner.name, inner)
        self.nested = frozenset(self.classes) - own
        self.verdict = cache(self._verdict)

    def _verdict(self, name: str) -> Verdict:
        return self._judge(name, ())

    def _judge(self, name: str, above: tuple[str, ...]) -> Verdict:
        if name in above:  # a class cannot derive from itself: a redefinition under the same name
            return Verdict.OTHER
        verdicts = set()
        for base in self.classes[name].bases:
            local = base.id if isinstance(base, ast.Name) else None
            if local in self.classes and local is not None:
                verdicts.add(self._judge(local, (*above, name)))
            else:
                verdicts.add(self._base(base))
        if Verdict.MODEL in verdicts:
            return Verdict.MODEL
        if Verdict.UNKNOWN in verdicts and not name.endswith(OTHER_ENDINGS):
            return Verdict.UNKNOWN
        return Verdict.OTHER

    def _base(self, base: ast.expr) -> Verdict:
        """What a base class from elsewhere makes of its subclass."""
        if isinstance(base, ast.Subscript):  # Generic[T], Dataset[T]
            return self._base(base.value)
        name = self.imports.qualified(base)
        if name is None:
            return Verdict.UNKNOWN if isinstance(base, ast.Call) else Verdict.OTHER
        last = name.rpartition(".")[2]
        if last.endswith(OTHER_ENDINGS):
            return Verdict.OTHER
        if name.startswith("torch.nn."):
            return Verdict.OTHER if last in ("Parameter", "Buffer", *REPLICAS) else Verdict.MODEL
        if last == "LightningModule":
            return Verdict.MODEL
        if name.startswith(("torchvision.models.", "timm.models.")):
            return Verdict.MODEL
        if name.partition(".")[0] in LIBRARIES or not self.imports.is_imported(base):
            return Verdict.OTHER
        return Verdict.UNKNOWN

    def chain(self, name: str) -> list[ast.ClassDef]:
        """The class and its bases within the file, nearest first."""
        found: list[ast.ClassDef] = []
        pending = [name]
        while pending:
            node = self.classes.get(pending.pop(0))
            if node is not None and node not in found:
                found.append(node)
                pending += [base.id for base in node.bases if isinstance(base, ast.Name)]
        return found

    def method(self, name: str, method: str) -> FunctionDef | None:
        """A method of a class of the file, by the chain of its bases."""
        for node in self.chain(name):
            for statement in node.body:
                if isinstance(statement, FunctionDef) and statement.name == method:
                    return statement
        return None

    def inherits_forward(self, name: str) -> bool:
        """Whether a base from elsewhere brings a forward (`nn.Sequential`, a torchvision class)."""
        for node in self.chain(name):
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id in self.classes:
                    continue
                meaning = self.imports.qualified(base) or ""
                if meaning.endswith((".Module", ".LightningModule", ".ModuleList", ".ModuleDict")):
                    continue
                if self._base(base) is not Verdict.OTHER:
                    return True
        return False

    def has_forward(self, name: str) -> bool:
        """Whether instances can be called."""
        assigned = any(
            isinstance(statement, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == "forward" for target in statement.targets)
            for node in self.chain(name)
            for statement in node.body
        )
        forward = self.method(name, "forward")
        if forward is None and self.verdict(name) is Verdict.MODEL:  # flax's modules have a `__call__` too
            forward = self.method(name, "__call__")
        if forward is not None:
            return not _only_raises(forward)
        return assigned or self.inherits_forward(name)

    def is_abstract(self, name: str) -> bool:
        """Whether a method that is declared abstract is left without a body."""
        defined: set[str] = set()
        for node in self.chain(name):
            for statement in node.body:
                if not isinstance(statement, FunctionDef) or statement.name in defined:
                    continue
                if any(
                    (self.imports.qualified(item) or "").endswith("abstractmethod")
                    for item in statement.decorator_list
                ):
                    return True
                defined.add(statement.name)
        return False

    def is_loss(self, name: str) -> bool:
        """Whether a class compares predictions with targets instead of making them."""
        if name.endswith(("Loss", "loss", "Criterion")):
            return True
        forward = self.method(name, "forward")
        if forward is None:
            return False
        required = positional_parameters(forward.args)[1:]
        required = (
            required[: len(required) - len(forward.args.defaults)] if forward.args.defaults else required
        )
        if len(required) < 2 or required[0].lower() not in PREDICTIONS or required[1].lower() not in TARGETS:
            return False
        return not any(self.is_weighted(call) for node in self.chain(name) for call in ast.walk(node))

    def is_weighted(self, call: ast.AST) -> bool:
        """Whether a node is the call of a torch.nn layer with weights."""
        name = self.imports.qualified(call.func) if isinstance(call, ast.Call) else None
        if name is None or not name.startswith("torch.nn."):
            return False
        return name.rpartition(".")[2].removeprefix("Lazy").startswith(WEIGHTED_LAYERS)

    def is_model(self, name: str) -> bool:
        """Whether a class of the file can be linted as a model (perhaps only the runtime knows)."""
        if name not in self.classes or self.verdict(name) is Verdict.OTHER:
            return False
        return self.has_forward(name) and not self.is_abstract(name) and not self.is_loss(name)

    def is_module(self, name: str) -> bool:
        """Whether a class of the file derives from nn.Module, or may."""
        return name in self.classes and self.verdict(name) is not Verdict.OTHER

    def library_model(self, call: ast.AST) -> bool:
        """Whether a node calls a model of torchvision's or timm's (`models.resnet18()`)."""
        if not isinstance(call, ast.Call):
            return False
        name = self.imports.qualified(call.func)
        if name is None:
            return self._looked_up(call.func)
        if name.startswith("torchvision.models.") and not name.startswith(
            "torchvision.models.feature_extraction"
        ):
            return not name.rpartition(".")[2].endswith(("_Weights", "get_weight", "list_models"))
        return name in ("timm.create_model", "timm.models.create_model")

    def _looked_up(self, callee: ast.expr) -> bool:
        """`models.__dict__[arch]` and `getattr(models, arch)`."""
        holder: ast.expr | None = None
        if isinstance(callee, ast.Subscript) and isinstance(callee.value, ast.Attribute):
            holder = callee.value.value if callee.value.attr == "__dict__" else None
        elif (
            isinstance(callee, ast.Call) and isinstance(callee.func, ast.Name) and callee.func.id == "getattr"
        ):
            holder = callee.args[0] if callee.args else None
        return self.imports.qualified(holder) == "torchvision.models"

    def is_sequential(self, call: ast.AST) -> bool:
        """Whether a node is an `nn.Sequential(...)` of layers (torchvision takes one of transforms)."""
        if not isinstance(call, ast.Call) or self.imports.qualified(call.func) != "torch.nn.Sequential":
            return False
        layers = [item.func for item in call.args if isinstance(item, ast.Call)]
        names = [self.imports.qualified(layer) or "" for layer in layers]
        return bool(call.args) and not (
            names and all("transforms" in name or "augmentation" in name for name in names)
        )


def _top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a body, those in its `if` and `try` blocks included."""
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            found += _top_level(node.body)
            for handler in getattr(node, "handlers", []):
                found += _top_level(handler.body)
            found += _top_level(getattr(node, "orelse", []))
    return found


def _only_raises(function: FunctionDef) -> bool:
    """Whether a method does nothing but raise (NotImplementedError), or nothing at all."""
    body = [node for node in function.body if not _is_text(node)]
    return all(isinstance(node, (ast.Raise, ast.Pass)) or _is_ellipsis(node) for node in body)


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_ellipsis(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is Ellipsis
    )
