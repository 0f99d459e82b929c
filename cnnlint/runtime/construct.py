"""Building a model without memory, and remembering where each of its layers was constructed."""

from __future__ import annotations

import contextlib
import functools
import math
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.modules import transformer

from cnnlint.operators import layers as layer_arguments
from cnnlint.runtime.errors import first_line, hand_over, require_torch, said
from cnnlint.runtime.frames import Place, UserFiles
from cnnlint.runtime.functions import operators
from cnnlint.runtime.loader import Placeholder
from cnnlint.runtime.meta import (
    FACTORIES,
    GPUS,
    MetaMode,
    caller,
    factory_dtype,
    factory_shape,
    in_torch_nn,
    make,
    on_meta,
    to_meta,
    wrap_outputs,
)
from cnnlint.runtime.tracer import ModelNames
from cnnlint.traces import Fault

LARGEST_REAL = 1 << 16
"""Elements up to which a random or constant tensor made by the user's constructor gets memory."""


class BuildMode(MetaMode):
    """Puts what torch.nn allocates, and what the user's code takes to a GPU, on the meta device, and skips
    what initialisers write there."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in GPUS:
            return to_meta(args[0])
        if name == "to":
            args = tuple("meta" if _is_gpu(item) else item for item in args)
        if _is_gpu(kwargs.get("device")):
            kwargs = {**kwargs, "device": "meta"}
        if name in FACTORIES and kwargs.get("device") is None:
            for given in args:
                for size in given if isinstance(given, (tuple, list)) else (given,):
                    Placeholder.require(size)
            shape = factory_shape(name, args, kwargs)
            if shape is not None and (in_torch_nn(caller(1)) or math.prod(shape) > LARGEST_REAL):
                return hand_over(torch.empty, shape, dtype=factory_dtype(name, kwargs), device="meta")
        # A deepcopy is given a memo, which must stay itself.
        if name == "__deepcopy__" or not on_meta((args, kwargs)):
            return hand_over(func, *args, **kwargs)
        if name.endswith("_") and not name.startswith("__") and name not in _NOT_FILLS:
            return args[0]
        operator = self.operator(func, args, kwargs)
        if operator is not None and not (operator.sized_by_torch or operator.inplace):
            bound = self.bind(operator, args, kwargs)
            if bound is not None and operator.refuse(bound) is None and bound.get("inplace") is not True:
                with contextlib.suppress(NotImplementedError):
                    specs = operator.output(bound)
                    if isinstance(specs, tuple):
                        made = tuple(None if spec is None else make(spec) for spec in specs)
                        return wrap_outputs(operator, made)
                    return make(specs)
        return hand_over(func, *to_meta(args), **to_meta(kwargs))


def _is_gpu(value: Any) -> bool:
    """Whether an argument names a GPU (`"cuda:0"`)."""
    name = value.type if isinstance(value, torch.device) else value
    return isinstance(name, str) and name.partition(":")[0] in GPUS


_NOT_FILLS = frozenset(
    "requires_grad_ squeeze_ unsqueeze_ transpose_ t_ resize_ swapaxes_ detach_ as_strided_".split()
)


class Construction:
    """What was seen while a model was built.

    Attributes:
        faults: constructors that refused, by the layer's identity.
        failures: statements of constructors that raised, as (error, user's places).
    """

    def __init__(self, files: UserFiles, recovering: bool = False):
        self.files = files
        self.recovering = recovering
        self.faults: dict[int, Fault] = {}
        self._sites: dict[int, tuple[nn.Module, list[Place]]] = {}

    def sites(self, module: nn.Module) -> list[Place]:
        """The user's frames that led to the module's construction, innermost first."""
        return self._sites.get(id(module), (module, []))[1]

    def remember(self, module: nn.Module) -> None:
        frame: types.FrameType | None = sys._getframe(2)
        places = []
        for user in self.files.stack(frame):
            if _belongs_to(user, module):
                continue
            places.append((user.f_code, user.f_lasti))
        self._sites.setdefault(id(module), (module, places))

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Within it, layers' constructors are remembered; when recovering, those that raise are replaced."""
        original = nn.Module.__init__
        watch = self

        def __init__(module: nn.Module, *args: Any, **kwargs: Any) -> None:
            watch.remember(module)
            hand_over(original, module, *args, **kwargs)

        with contextlib.ExitStack() as stack:
            nn.Module.__init__ = __init__  # type: ignore[method-assign, assignment]
            stack.callback(setattr, nn.Module, "__init__", original)
            stack.enter_context(self._following_clones())
            if self.recovering:
                for layer_class in layer_classes():
                    stack.enter_context(self._catching(layer_class))
            yield

    @contextlib.contextmanager
    def _following_clones(self) -> Iterator[None]:
        """The layers of a Transformer are copies of one, and stand where that one was constructed."""
        original = transformer._get_clones

        def _get_clones(module: nn.Module, count: int) -> nn.ModuleList:
            clones = original(module, count)
            for clone in clones:
                for copied, copy_of in zip(clone.modules(), module.modules(), strict=True):
                    self._sites.setdefault(id(copied), (copied, self.sites(copy_of)))
            return clones

        transformer._get_clones = _get_clones
        try:
            yield
        finally:
            transformer._get_clones = original

    @contextlib.contextmanager
    def _catching(self, layer_class: type[nn.Module]) -> Iterator[None]:
        original = layer_class.__init__
        signature = layer_arguments.INTERFACE.get(layer_class.__name__)

        @functools.wraps(original)
        def __init__(module: nn.Module, *args: Any, **kwargs: Any) -> None:
            try:
                hand_over(original, module, *args, **kwargs)
            except Exception as error:
                require_torch(error)
                if signature is None:
                    raise
                arguments = _bind(layer_class, args, kwargs)
                refusals = layer_arguments.check(layer_class.__name__, arguments)
                repaired = layer_arguments.repaired(layer_class.__name__, arguments)
                if repaired is None:
                    raise
                original(module, **repaired)
                self.faults[id(module)] = (
                    Fault(
                        refusals[0].reason,
                        refusals[0].message,
                        refusals[0].argument,
                        refusals[0].expected,
                        refusals[0].actual,
                        exception=said(error),
                    )
                    if refusals
                    else Fault("argument", first_line(error), exception=said(error))
                )

        layer_class.__init__ = __init__  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            layer_class.__init__ = original  # type: ignore[method-assign]


def _belongs_to(frame: types.FrameType, module: nn.Module) -> bool:
    """Whether a frame is the constructor of the module itself (`super().__init__()` in a subclass)."""
    code = frame.f_code
    return code.co_argcount > 0 and frame.f_locals.get(code.co_varnames[0]) is module


def _bind(layer_class: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    names = list(layer_arguments.INTERFACE[layer_class.__name__])
    return {**dict(zip(names, args, strict=False)), **kwargs}


@functools.cache
def layer_classes() -> list[type[nn.Module]]:
    """torch.nn's layer classes whose arguments are described; base classes before what derives from
    them, so that an inherited constructor is wrapped as it was."""
    found = [getattr(nn, name) for name in layer_arguments.INTERFACE if hasattr(nn, name)]
    return sorted(found, key=lambda layer_class: -len(layer_class.__mro__))


def build(make_model: Callable[[], Any], construction: Construction) -> Any:
    """Call `make_model` so that no weight is allocated, and put what it made on the meta device."""
    operators()
    with construction.watching(), BuildMode():
        return make_model()


def move_to_meta(model: nn.Module) -> None:
    """Parameters and buffers that were made with memory, replaced by ones without."""
    memo: dict[int, torch.Tensor] = {}
    for module in all_modules(model):
        for table in TENSOR_TABLES:
            for name, tensor in tensors_of(module, table):
                if not (tensor.is_meta or uninitialised(tensor)):
                    if id(tensor) not in memo:
                        memo[id(tensor)] = _without_memory(tensor)
                    vars(module)[table][name] = memo[id(tensor)]


def uninitialised(tensor: torch.Tensor) -> bool:
    return isinstance(tensor, (nn.parameter.UninitializedParameter, nn.parameter.UninitializedBuffer))


def _without_memory(tensor: torch.Tensor) -> torch.Tensor:
    empty = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty


def all_modules(model: nn.Module) -> Iterator[nn.Module]:
    """The model's modules, with those that hide in plain lists and dicts."""
    for _, module, _ in named_modules(model):
        yield module


def named_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module, bool]]:
    """(path, module, registered) of every module that the model reaches: registered ones first."""
    seen: set[int] = set()
    registered = list(_registered(model, "", seen))
    for path, module in registered:
        yield path, module, True
    for path, module in registered:
        for attribute, value in vars(module).items():
            if attribute.startswith("_") and attribute in _MODULE_STATE:
                continue
            for suffix, hidden in _hidden(value, 0):
                base = ".".join(part for part in (path, attribute, suffix) if part)
                for child, submodule in _registered(hidden, base, seen):
                    yield child, submodule, False


_MODULE_STATE = frozenset(vars(nn.Module()))

DEEPEST = 20
"""Levels of plain containers in which modules are looked for: one may hold itself."""


def _registered(module: nn.Module, path: str, seen: set[int]) -> Iterator[tuple[str, nn.Module]]:
    """A module and what it has registered, each once; what the file's code has put into its tables
    besides modules, or what has none yet because its constructor raised, is passed over."""
    children = vars(module).get("_modules")
    if id(module) in seen or not isinstance(children, dict):
        return
    seen.add(id(module))
    yield path, module
    for name, child in list(children.items()):
        if isinstance(child, nn.Module):
            yield from _registered(child, f"{path}.{name}" if path else str(name), seen)


def _hidden(value: Any, depth: int) -> Iterator[tuple[str, nn.Module]]:
    """Modules in plain containers."""
    if isinstance(value, (list, tuple)) and len(value) < 10_000:
        items: Any = enumerate(value)
    elif type(value) is dict:
        items = value.items()
    else:
        return
    for key, item in items:
        if isinstance(item, nn.Module):
            yield str(key), item
        elif isinstance(item, (list, tuple)) and depth < DEEPEST:
            for suffix, module in _hidden(item, depth + 1):
                yield f"{key}.{suffix}", module


TENSOR_TABLES = {"_parameters": "parameter", "_buffers": "buffer"}
"""Where a module keeps its tensors, and what they are there."""


def tensors_of(module: nn.Module, table: str) -> list[tuple[str, torch.Tensor]]:
    """The tensors in one of a module's TENSOR_TABLES."""
    items = getattr(module, table, None) or {}
    return [
        (str(name), tensor)
        for name, tensor in (items.items() if isinstance(items, dict) else ())
        if isinstance(tensor, torch.Tensor)
    ]


def names_of(model: nn.Module) -> ModelNames:
    """The paths of a model's modules, parameters and buffers."""
    names = ModelNames({}, {})
    for path, module, _ in named_modules(model):
        names.modules[id(module)] = path
        for table, origin in TENSOR_TABLES.items():
            for name, tensor in tensors_of(module, table):
                names.tensors.setdefault(id(tensor), (origin, f"{path}.{name}" if path else name))
    return names
