"""One forward pass, recorded: every torch function that the model calls becomes an `Operation`."""

from __future__ import annotations

import builtins
import dataclasses
import math
import random
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from cnnlint.diagnostic import Span
from cnnlint.graph import in_batches
from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec, is_plain
from cnnlint.runtime import patches
from cnnlint.runtime.aliases import read_later
from cnnlint.runtime.errors import first_line, is_refusal, lacks_gpu, require_torch, said, words
from cnnlint.runtime.frames import UserFiles, within
from cnnlint.runtime.functions import DTYPES, data_dependent, transparent
from cnnlint.runtime.loader import Failure, Placeholder
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
from cnnlint.source import gpu
from cnnlint.traces import Fault, Operation, Pass, Tensor

if TYPE_CHECKING:
    from cnnlint.runtime.meter import Meter

MOST_OPERATIONS = 50_000
"""A forward that applies more operators than this is a loop over the batch or over data."""

LONGEST_LOOP = 1000
"""Samples above which a forward that takes its batch apart is traced with a small batch instead."""

LARGEST_CONSTANT = 1 << 20
"""Elements up to which a tensor made in forward really gets memory (its values may be asked for)."""


class DataDependent(BaseException):
    """The forward asks for a tensor's values, which a tensor without memory has not. A BaseException,
    so that no `except Exception` of the model hides it."""


class TooManyOperations(BaseException):
    """The forward goes on and on."""


@dataclasses.dataclass
class ModelNames:
    """Dotted paths of a model's modules and tensors by the identity of the objects."""

    modules: dict[int, str]
    tensors: dict[int, tuple[str, str]]
    """(origin, path) of parameters and buffers."""


_IS_CUDA = torch.Tensor.is_cuda.__get__  # type: ignore[attr-defined]


class Tracer(MetaMode):
    """Records a forward pass.

    Args:
        names: the paths of the model's modules and parameters.
        device: where inputs and weights are.
        recovering: go on after a fault with the tensor that the right input would have given. Off in a
            first, plain run, where a refusal raises as torch does, so that exceptions which the model's
            own code catches behave.
        verify: run torch's kernels beside the formulas; what differs is in `mismatches`.
        meter: measures what each operator takes, on a real device.

    Attributes:
        error: what ended the forward early, if anything did.
        lacking: why what the forward asked for is not here, if it is not.
        no_gpu: what it raised for want of a GPU.
        mismatches: where torch's kernels disagree with the formulas.
        draws: whether the forward has asked Python for random numbers: it may do something else each time.
        mode_matters: whether the forward may do something else in the other mode, but for what torch's own
            norms and dropouts do there: it has asked for `training`, or drops whatever that says.
    """

    def __init__(
        self,
        files: UserFiles,
        names: ModelNames,
        device: str = "meta",
        recovering: bool = False,
        verify: bool = False,
        meter: Meter | None = None,
    ):
        super().__init__()
        self.files = files
        self.names = names
        self.device = device
        self.recovering = recovering
        self.verify = verify
        self.meter = meter
        self.mismatches: list[str] = []
        self.tensors: list[Tensor] = []
        self.records: list[Operation] = []
        self.unknown_modules: list[nn.Module] = []
        self.mode_matters = False
        self.draws = False
        self.error: BaseException | None = None
        self.lacking: Failure | None = None
        self.no_gpu: BaseException | None = None
        self._modules: list[tuple[str | None, nn.Module]] = []
        self._kept: list[Any] = []
        self._sources: dict[int, torch.Tensor] = {}
        self._storages = 0
        self._samples = 0
        self._shaky = False
        self._gradients = True
        self._transparent = transparent()
        self._data_dependent = data_dependent()

    # -- running

    def run(
        self,
        model: nn.Module,
        inputs: Sequence[torch.Tensor],
        input_names: Sequence[str],
        mode: str,
        keywords: Collection[str] = (),
        seed: int = 0,
    ) -> Pass:
        """The trace of `model(*inputs)`, of which those in `keywords` are given by their names. Exceptions of
        the model do not escape: see `error`. Random numbers are the same for the same `seed`."""
        batch = next((tensor.shape[0] for tensor in inputs if tensor.dim()), 1)
        ids = tuple(
            self._register(tensor, "input", name) for tensor, name in zip(inputs, input_names, strict=True)
        )
        self._batch = batch
        self._gradients = torch.is_grad_enabled()
        outputs: tuple[int, ...] = ()
        original = nn.Module.__call__
        tracer = self

        def __call__(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            return tracer._call_module(original, module, args, kwargs)

        named = {name: item for name, item in zip(input_names, inputs, strict=True) if name in keywords}
        given = [item for name, item in zip(input_names, inputs, strict=True) if name not in keywords]
        nn.Module.__call__ = __call__  # type: ignore[method-assign]
        nn.Module.training = property(self._training, _set_training)  # type: ignore[assignment]
        random.seed(seed)
        torch.manual_seed(seed)
        numbers = random.getstate()
        try:
            with self:
                result = model(*given, **named)
            outputs = tuple(dict.fromkeys(self._id(tensor) for tensor in _tensors_in(result)))
        except BaseException as error:  # the model may raise anything
            require_torch(error)
            self.error = error
            ours = isinstance(error, (DataDependent, TooManyOperations)) or self._is_our_call(error, model)
            not_its_fault = ours or self._lacks(error) or self._shaky or is_refusal(error)
            if self.recovering and not not_its_fault:
                self._record_exception(error, None)
        finally:
            nn.Module.__call__ = original  # type: ignore[method-assign]
            del nn.Module.training
            self.draws = random.getstate() != numbers
        return Pass(
            mode=mode,
            batch=batch,
            tensors=tuple(self.tensors),
            operations=tuple(self.records),
            inputs=ids,
            outputs=outputs,
            complete=self.error is None and self.lacking is None and self.no_gpu is None,
        )

    def _is_our_call(self, error: BaseException, model: nn.Module) -> bool:
        """Whether it was our call of forward that did not fit: nothing of the model had begun to run."""
        forward = f"{getattr(model.forward, '__qualname__', 'forward')}()"
        in_model = self.files.traceback_calls(error.__traceback__)
        return isinstance(error, TypeError) and not in_model and words(error).startswith(forward)

    def _lacks(self, error: BaseException) -> bool:
        """Whether an exception is the machine's matter: a package that is missing was asked to compute, or
        there is no GPU."""
        unavailable = Placeholder.handed_to(error)
        if unavailable is not None:
            self.lacking = self.lacking or unavailable.failure
        elif lacks_gpu(error, self.files):
            self.no_gpu = self.no_gpu or error
        return unavailable is not None or self.no_gpu is error

    def _training(self, module: nn.Module) -> bool:
        """`module.training`, as asked for during forward."""
        try:
            training: bool = vars(module)["training"]
        except KeyError:
            raise AttributeError("training") from None
        if sys._getframe(1).f_code.co_filename not in _MODE_IS_PASSED_ON:
            self.mode_matters = True
        return training

    def _call_module(
        self, original: Callable[..., Any], module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        path = self.names.modules.get(id(module))
        if path is None:
            path = self._name_new(module)
        root = not self._modules
        self._modules.append((path or None, module))
        try:
            return original(module, *args, **kwargs)
        except Exception as error:
            require_torch(error)
            if root or not self.recovering:
                raise
            return self._recover_module(error, module, args, kwargs)
        finally:
            self._modules.pop()

    def _name_new(self, module: nn.Module) -> str:
        """A module that is not in the model: it was made during forward."""
        path = f"{type(module).__name__}@{len(self.unknown_modules)}"
        self.unknown_modules.append(module)
        self.names.modules[id(module)] = path
        for child, submodule in module.named_modules():
            self.names.modules.setdefault(id(submodule), f"{path}.{child}" if child else path)
        for name, parameter in module.named_parameters():
            self.names.tensors[id(parameter)] = ("parameter", f"{path}.{name}")
        return path

    def _recover_module(
        self, error: Exception, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """A module whose own Python code raised gives its first input back, all sizes uncertain."""
        tensor = next(iter(_tensors_in((args, kwargs))), None)
        if tensor is None:
            raise error
        given = self._tensor(tensor)
        if not (self._lacks(error) or given.uncertain or self._shaky or is_refusal(error)):
            self._record_exception(error, module)
        self._shaky |= not type(module).__module__.startswith("torch.nn")
        spec = self.spec(tensor)
        with torch._C.DisableTorchFunction():
            result = (
                make(TensorSpec(spec.shape, spec.dtype, spec.strides)) if tensor.is_meta else tensor.clone()
            )
        self._register(result, "operation", None, uncertain=tuple(range(1, spec.rank)))
        return result

    def _record_exception(self, error: BaseException, module: nn.Module | None) -> None:
        in_torch = module is not None and type(module).__module__.startswith("torch.nn")
        rank = in_torch and isinstance(error, ValueError) and "expected" in words(error)
        fault = Fault(
            "rank" if rank else "failed", first_line(error) or type(error).__name__, exception=said(error)
        )
        calls = self.files.traceback_calls(error.__traceback__)
        if module is not None:
            calls += self._user_calls(3)
        self._append("raise", type(error).__name__, {}, (), {}, fault=fault, calls=calls)

    # -- every torch function comes through here

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func == _IS_CUDA and self.device == "meta" and args[0].is_meta:
            return True  # what is on the model's device takes the branches for a GPU
        if func in self._transparent:
            return func(*args, **kwargs)
        meta = self.device == "meta"
        if meta and func is torch.Tensor.add_ and caller(1).f_code.co_filename == _BATCHNORM:
            return args[0]  # num_batches_tracked, a count that nothing flows through
        if meta and func in self._data_dependent and on_meta((args, kwargs)):
            raise DataDependent(getattr(func, "__name__", str(func)))
        name = getattr(func, "__name__", "")
        if meta and name in _MOVES:
            args, kwargs = self._keep_device(name, args, kwargs)
            if args is None:
                return kwargs
        operator = self.operator(func, args, kwargs)
        if operator is None:
            return self._undescribed(func, name, args, kwargs)
        if meta and name in FACTORIES and in_torch_nn(caller(1)):
            shape = factory_shape(name, args, kwargs)
            if shape is not None:
                return torch.empty(shape, dtype=factory_dtype(name, kwargs), device="meta")
        self._sources.clear()
        bound = self.bind(operator, args, kwargs)
        if bound is None:
            return self._undescribed(func, name, args, kwargs)
        return self._described(func, operator, bound, args, kwargs)

    def _described(
        self, func: Any, operator: Operator, bound: Bound, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        operands = self._operands(bound)
        refusal = operator.refuse(bound)
        if refusal is not None:
            if not self.recovering:
                raise _exception(refusal)
            return self._recovered(operator, bound, operands, refusal)
        inplace = operator.inplace or bound.get("inplace") is True
        specs = None if inplace else self._sized(operator, bound, operands, args, kwargs)
        if specs is None:
            return self._by_torch(func, operator, bound, operands, args, kwargs, inplace)
        several = isinstance(specs, tuple)
        listed: tuple[TensorSpec | None, ...] = specs if isinstance(specs, tuple) else (specs,)
        if self.verify:
            self._compare(func, operator, args, kwargs, listed)
        results = [None if spec is None else make(spec) for spec in listed]
        device = self._device_of(operands, kwargs)
        known = tuple(spec for spec in listed if spec is not None)
        axes = iter(operator.uncertain(bound, known) if self.recovering else ((),) * len(known))
        ids = []
        for result in results:
            if result is not None:
                ids.append(self._register(result, "operation", None, device, tuple(sorted(next(axes)))))
        self._append(operator.kind, operator.name, operands, tuple(ids), bound, operator)
        return wrap_outputs(operator, tuple(results)) if several else results[0]

    def _sized(
        self, operator: Operator, bound: Bound, operands: dict[str, Any], args: Any, kwargs: Any
    ) -> Output | None:
        """What the formula gives; None where torch itself is to do it: views, real devices, small constants
        of the user's (whose values may be asked for)."""
        if self.device != "meta" or operator.sized_by_torch:
            return None
        if operands and not on_meta((args, kwargs)):
            return None
        try:
            specs = operator.output(bound)
        except NotImplementedError:
            return None
        if not operands and kwargs.get("device") is None:
            first = specs[0] if isinstance(specs, tuple) else specs
            if first is not None and math.prod(first.shape) <= LARGEST_CONSTANT:
                return None
        return specs

    def _by_torch(
        self,
        func: Any,
        operator: Operator,
        bound: Bound,
        operands: dict[str, Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        inplace: bool,
    ) -> Any:
        """Views, in-place operators, factories and real devices: torch does it, we record it."""
        if self.device == "meta" and on_meta((args, kwargs)):
            args, kwargs = to_meta(args), to_meta(kwargs)
            if inplace and not operator.sized_by_torch:
                written = next(_tensors_in((args, kwargs)))
                if not (written.is_leaf and written.requires_grad and torch.is_grad_enabled()):
                    func = _overwrite
        elif self.device == "meta" and kwargs.get("device") is not None:
            kwargs = {**kwargs, "device": "meta"}
        if self._batch > LONGEST_LOOP and self._takes_batch_apart(operator, bound):
            raise TooManyOperations
        try:
            result = self._call(func, args, kwargs)
        except Exception as error:
            require_torch(error)
            self._require_values(operator.name, error)
            if not self.recovering:
                raise
            reason = "reshape" if operator.kind == "reshape" else "failed"
            refusal = Refusal(reason, first_line(error), exception=type(error).__name__)
            return self._recovered(operator, bound, operands, refusal, said(error))
        overwrites = self._read_later(args[0]) if inplace and args else None
        self._record_result(
            operator.kind, operator.name, operands, bound, operator, result, kwargs, inplace, overwrites
        )
        return result

    def _takes_batch_apart(self, operator: Operator, bound: Bound) -> bool:
        """Whether forward loops over the samples: `for image in images`, `images[i]` again and again."""
        spec = bound.get("input")
        if not isinstance(spec, TensorSpec) or self._batch not in spec.shape[:1]:
            return False
        if operator.name == "__getitem__":
            index = bound["index"]
            first = index[0] if isinstance(index, tuple) and index else index
            self._samples += type(first) is int
        return self._samples > LONGEST_LOOP or (operator.name == "unbind" and bound.get("dim") == 0)

    def _call(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.meter is None:
            return func(*args, **kwargs)
        return self.meter.call(len(self.records), func, args, kwargs)

    def _read_later(self, tensor: Any) -> Span | None:
        """Where the user's code reads a tensor again that has just been overwritten."""
        return read_later(self.files, self.files.stack(sys._getframe(3)), tensor)

    def _require_values(self, name: str, error: Exception) -> None:
        """Raises DataDependent where torch refuses only because the tensor has no values."""
        if (
            self.device == "meta"
            and isinstance(error, NotImplementedError)
            and "meta" in words(error).lower()
        ):
            raise DataDependent(name) from error

    def _undescribed(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """No description: torch's own kernel sizes it, and its tensors are recorded as they are."""
        if any(is_lazy(item) for item in args):
            return func(*args, **kwargs)  # a lazy layer finds out its sizes
        if self.device == "meta" and on_meta((args, kwargs)):
            args, kwargs = to_meta(args), to_meta(kwargs)
        tensors = list(_tensors_in((args, kwargs)))
        self._sources = {id(tensor): tensor for tensor in tensors}
        operands: dict[str, Any] = {"input": tuple(self._id(tensor) for tensor in tensors)} if tensors else {}
        try:
            result = self._call(func, args, kwargs)
        except Exception as error:
            require_torch(error)
            self._require_values(name, error)
            if not self.recovering or not tensors:
                raise
            uncertain = any(self._tensor(tensor).uncertain for tensor in tensors)
            fault = Fault("failed", first_line(error), exception=said(error))
            first = self.spec(tensors[0])
            recovered = make(first) if self.device == "meta" else tensors[0].clone()
            output = self._register(recovered, "operation", None, uncertain=tuple(range(1, first.rank)))
            self._append("other", name, operands, (output,), {}, fault=None if uncertain else fault)
            return recovered
        if name == "__setitem__" and tensors:
            written = (self._renew(tensors[0]),)
            self._append("index", name, operands, written, {}, inplace=True)
            return result
        if not any(True for _ in _tensors_in(result)):
            return result
        inplace = name.endswith("_") and not name.endswith("__")
        self._record_result("other", name, operands, {}, None, result, kwargs, inplace)
        return result

    def _record_result(
        self,
        kind: str,
        name: str,
        operands: dict[str, Any],
        bound: Bound,
        operator: Operator | None,
        result: Any,
        kwargs: Mapping[str, Any],
        inplace: bool,
        overwrites: Span | None = None,
    ) -> None:
        results = list(_tensors_in(result))
        if not results:
            return
        ids: list[int] = []
        device = self._device_of(operands, kwargs)
        axes: Sequence[Any] = ((),) * len(results)
        if self.recovering and any(self.tensors[id].uncertain for id in _flat(operands)):
            specs = tuple(self.spec(tensor) for tensor in results)
            axes = operator.uncertain(bound, specs) if operator else [range(1, spec.rank) for spec in specs]
        storages = self._storages_of(operands)
        for tensor, uncertain in zip(results, axes, strict=True):
            shared = storages.get(tensor.untyped_storage()._cdata) if tensor.layout is torch.strided else None
            origin = "operation" if operands or inplace else "constant"
            ids.append(self._register(tensor, origin, None, device, tuple(sorted(uncertain)), shared))
        self._append(
            kind, name, operands, tuple(ids), bound, operator, inplace=inplace, overwrites=overwrites
        )

    def _recovered(
        self,
        operator: Operator,
        bound: Bound,
        operands: dict[str, Any],
        refusal: Refusal,
        exception: str | None = None,
    ) -> Any:
        """The tensor that the right input would have given, after noting the fault (unless it is a
        consequence of an earlier one)."""
        specs = operator.recovered(bound, refusal)
        listed = specs if isinstance(specs, tuple) else (specs,)
        fault: Fault | None = Fault(
            refusal.reason,
            refusal.message,
            refusal.argument,
            refusal.expected if is_plain(refusal.expected) else None,
            refusal.actual if is_plain(refusal.actual) else None,
            exception,
            refusal.operand,
        )
        if self._rests_on_fault(bound, refusal):
            fault = None
        results: list[torch.Tensor | None] = []
        ids: list[int] = []
        for spec in listed:
            if spec is None:
                results.append(None)
                continue
            tensor = make(spec) if self.device == "meta" else self._real(spec)
            ids.append(self._register(tensor, "operation", None, uncertain=tuple(sorted(spec.uncertain))))
            results.append(tensor)
        self._append(operator.kind, operator.name, operands, tuple(ids), bound, operator, fault=fault)
        return tuple(results) if isinstance(specs, tuple) else results[0]

    def _rests_on_fault(self, bound: Bound, refusal: Refusal) -> bool:
        if refusal.axes:
            return any(axis in _operand_spec(bound, name).uncertain for name, axis in refusal.axes)
        return any(spec.uncertain for spec in Operator.tensors(bound))

    def _real(self, spec: TensorSpec) -> torch.Tensor:
        return torch.zeros(spec.shape, dtype=getattr(torch, spec.dtype), device=self.device)

    def _compare(
        self, func: Any, operator: Operator, args: Any, kwargs: Any, specs: Sequence[TensorSpec | None]
    ) -> None:
        """What torch's own kernel gives, held against the formula."""
        try:
            result = func(*to_meta(args), **to_meta(kwargs))
        except Exception as error:
            self.mismatches.append(f"{operator.name}: torch raises {first_line(error)}, the formula does not")
            return
        theirs = [_layout(tensor, operator) for tensor in _tensors_in(result)]
        ours = [_layout(make(spec), operator) for spec in specs if spec is not None]
        if ours != theirs:
            self.mismatches.append(f"{operator.name}: torch gives {theirs}, the formula {ours}")

    # -- devices

    def _keep_device(self, name: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """`.to(device)`, `.cuda()`, `.type_as(x)`: the model's device, which is meta here. Returns the
        arguments without the device, or (None, result) where nothing is left to do."""
        tensor, rest = args[0], list(args[1:])
        if isinstance(tensor, torch.Tensor) and (not tensor.is_meta or self._tensor(tensor).device == "cpu"):
            if tensor.dim():
                tensor = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
            self._register(tensor, "constant", None)
        if name == "type_as":
            return (tensor, *rest), kwargs
        kwargs = {
            key: value for key, value in kwargs.items() if key not in ("device", "non_blocking", "copy")
        }
        dtypes = [value for value in rest if isinstance(value, torch.dtype)]
        dtypes += [value.dtype for value in rest if isinstance(value, torch.Tensor)]
        if "other" in kwargs:
            dtypes.append(kwargs.pop("other").dtype)
        if not dtypes and "dtype" in kwargs:
            dtypes.append(kwargs["dtype"])
        if name != "to" or not dtypes or dtypes[0] is None or dtypes[0] == tensor.dtype:
            return None, tensor
        return (tensor, dtypes[0]), {}

    def _device_of(self, operands: Mapping[str, Any], kwargs: Mapping[str, Any]) -> str:
        """ "cpu" for what was made in forward without a device, and what only such tensors led to."""
        ids = list(_flat(operands))
        if not ids:
            anywhere = self.device != "meta" or kwargs.get("device") is not None
            return "model" if anywhere or self._taken_to_gpu() else "cpu"
        return "cpu" if all(self.tensors[id].device == "cpu" for id in ids) else "model"

    def _taken_to_gpu(self) -> bool:
        """Whether the user's code takes what it makes here to the GPU in a branch that is not run."""
        for frame in self.files.stack(sys._getframe(1))[:1]:
            tree = self.files.file(frame.f_code.co_filename).tree
            return gpu.follows(tree, self.files.position(frame.f_code, frame.f_lasti))
        return False

    # -- records

    def spec(self, tensor: torch.Tensor) -> TensorSpec:
        spec = super().spec(tensor)
        if self.recovering:
            uncertain = self._tensor(tensor).uncertain
            if uncertain:
                spec = TensorSpec(spec.shape, spec.dtype, spec.strides, frozenset(uncertain))
        self._sources[id(spec)] = tensor
        self._kept.append(spec)
        return spec

    def _operands(self, bound: Bound) -> dict[str, Any]:
        """Tensor ids by the operator's parameter names."""
        operands: dict[str, Any] = {}
        for name, value in bound.items():
            if isinstance(value, TensorSpec):
                operands[name] = self._id(self._sources[id(value)])
            elif isinstance(value, tuple):
                ids = tuple(
                    self._id(self._sources[id(item)]) for item in value if isinstance(item, TensorSpec)
                )
                if ids:
                    operands[name] = ids
        self._kept.clear()
        return operands

    def _id(self, tensor: torch.Tensor) -> int:
        known = getattr(tensor, "_cnnlint", None)
        if known is not None and known[0] is self:
            return known[1]
        origin, name = self.names.tensors.get(id(tensor), ("constant", None))
        anywhere = self.device != "meta" or origin != "constant" or tensor.is_meta or tensor.dim() == 0
        device = "model" if anywhere or self._taken_to_gpu() else "cpu"
        return self._register(tensor, origin, name, device)

    def _tensor(self, tensor: torch.Tensor) -> Tensor:
        return self.tensors[self._id(tensor)]

    def _register(
        self,
        tensor: torch.Tensor,
        origin: str,
        name: str | None,
        device: str = "model",
        uncertain: tuple[int, ...] = (),
        storage: int | None = None,
    ) -> int:
        if storage is None:
            storage = self._storages
            self._storages += 1
        number = len(self.tensors)
        strides = tuple(tensor.stride()) if tensor.layout is torch.strided else ()
        self.tensors.append(
            Tensor(
                number,
                tuple(tensor.shape),
                DTYPES[tensor.dtype],
                origin,
                name,
                strides,
                storage,
                device,
                uncertain,
            )
        )
        tensor._cnnlint = (self, number)  # type: ignore[attr-defined]
        return number

    def _renew(self, tensor: torch.Tensor) -> int:
        """A new record for a tensor whose values were overwritten."""
        old = self._tensor(tensor)
        return self._register(tensor, "operation", None, old.device, old.uncertain, old.storage)

    def _storages_of(self, operands: Mapping[str, Any]) -> dict[int, int]:
        """The operands' storage numbers by torch's storage, for results that share memory with them."""
        found = {}
        for tensor in self._sources.values():
            if tensor.layout is torch.strided:
                found[tensor.untyped_storage()._cdata] = self._tensor(tensor).storage
        return found

    def _append(
        self,
        kind: str,
        name: str,
        operands: dict[str, Any],
        outputs: tuple[int, ...],
        bound: Bound,
        operator: Operator | None = None,
        inplace: bool = False,
        overwrites: Span | None = None,
        fault: Fault | None = None,
        calls: tuple[Span, ...] | None = None,
    ) -> None:
        if len(self.records) >= MOST_OPERATIONS:
            raise TooManyOperations
        self.mode_matters |= kind == "dropout" and not self._in_dropout()
        attributes: dict[str, Any] = {}
        windows: tuple[Any, ...] = ()
        formula: tuple[str, ...] = ()
        macs = 0
        if operator is not None:
            attributes = operator.attributes(bound)
            if fault is None or fault.reason == "channels":
                windows, formula = operator.windows(bound), operator.formula(bound)
                macs = operator.macs(bound) // max(self._batch, 1)
        if fault is not None:
            exception = fault.exception and in_batches(fault.exception, self._batch)
            fault = dataclasses.replace(
                fault, message=in_batches(fault.message, self._batch), exception=exception
            )
        learning = torch.is_grad_enabled()
        own_backward = not learning and within(patches.apply.__code__, sys._getframe(2))
        self.records.append(
            Operation(
                index=len(self.records),
                kind=kind,
                name=name,
                layer=self._modules[-1][0] if self._modules else None,
                operands=operands,
                outputs=outputs,
                attributes=attributes,
                calls=self._user_calls(4) if calls is None else calls,
                windows=windows,
                formula=formula,
                macs=macs,
                inplace=inplace,
                overwrites=overwrites,
                gradient=learning or own_backward or not self._gradients,
                own_backward=own_backward,
                fault=fault,
            )
        )

    def _in_dropout(self) -> bool:
        """Whether the innermost module is one of torch's dropouts, which know their mode."""
        return bool(self._modules) and isinstance(self._modules[-1][1], nn.modules.dropout._DropoutNd)

    def _user_calls(self, depth: int) -> tuple[Span, ...]:
        return self.files.calls(self.files.stack(sys._getframe(depth)))


_BATCHNORM = nn.modules.batchnorm.__file__

_MODE_IS_PASSED_ON = frozenset(
    (_BATCHNORM, nn.modules.instancenorm.__file__, nn.modules.dropout.__file__, nn.modules.rnn.__file__)
)
"""Files of torch whose layers only hand their mode to an operator, which gives the same sizes in both."""

_MOVES = GPUS | {"to", "type_as", "cpu"}


def _layout(tensor: torch.Tensor, operator: Operator) -> tuple[Any, ...]:
    """Shape, dtype and the strides that matter: those of axes with more than one position. torch's meta
    convolutions and attention forget the order of their input's axes in memory, which the real ones keep;
    einsum's order is its own."""
    strides: tuple[int, ...] = ()
    if operator.kind not in ("conv", "conv_transpose", "attention", "einsum"):
        strides = tuple(step for size, step in zip(tensor.shape, tensor.stride(), strict=True) if size > 1)
    return tuple(tensor.shape), DTYPES[tensor.dtype], strides


def _flat(operands: Mapping[str, Any]) -> Iterator[int]:
    for value in operands.values():
        if isinstance(value, tuple):
            yield from value
        else:
            yield value


def _operand_spec(bound: Bound, name: str) -> TensorSpec:
    """The spec that a refusal's `axes` names: `input`, `tensors.1`."""
    base, _, index = name.partition(".")
    value = bound.get(base)
    if index and isinstance(value, tuple):
        value = value[int(index)]
    return value if isinstance(value, TensorSpec) else TensorSpec(())


def _set_training(module: nn.Module, training: bool) -> None:
    vars(module)["training"] = training


def _overwrite(*args: Any, **kwargs: Any) -> torch.Tensor:
    """An in-place operator without its kernel, which would cost imports on meta: the result is the
    operand itself, with a new version."""
    written = next(_tensors_in((args, kwargs)))
    torch.autograd.graph.increment_version(written)
    return written


def _exception(refusal: Refusal) -> Exception:
    kind = getattr(builtins, refusal.exception, RuntimeError)
    return kind(refusal.message)


def _tensors_in(value: Any, depth: int = 0) -> Iterator[torch.Tensor]:
    """The tensors in a forward's arguments or result: in sequences, mappings and result objects."""
    if isinstance(value, torch.Tensor):
        yield value
    elif depth > 6 or isinstance(value, (str, bytes, int, float, nn.Module)) or value is None:
        return
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors_in(item, depth + 1)
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from _tensors_in(item, depth + 1)
    elif dataclasses.is_dataclass(value) or hasattr(value, "__dict__"):
        for item in list(vars(value).values()) if hasattr(value, "__dict__") else ():
            yield from _tensors_in(item, depth + 1)
