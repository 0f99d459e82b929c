"""Arithmetic, comparisons, logic, maths, `where`, `clamp` and their like, with their in-place forms."""

from __future__ import annotations

from collections.abc import Sequence

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, disagreements, merge_refusal
from cnnlint.operators.pointwise import (
    Binary,
    Elementwise,
    InPlace,
    Unary,
    inplace_refusal,
    method_and_function,
    not_a_tensor,
    words,
)
from cnnlint.operators.promotion import category, floating, number_dtype, result_type
from cnnlint.traces import Shape

# -- one operand

_ROUNDING = ("ceil", "floor", "trunc", "fix", "round")
_FLOAT_MATHS = words(
    "acos arccos acosh arccosh asin arcsin asinh arcsinh atan arctan atanh arctanh cos cosh deg2rad "
    "digamma erf erfc erfinv exp exp2 expm1 i0 lgamma log log10 log1p log2 rad2deg reciprocal rsqrt "
    "sin sinc sinh sqrt tan"
)
_REAL_ONLY = frozenset(words("deg2rad digamma erf erfc erfinv i0 lgamma rad2deg"))
_SPECIAL = words("digamma psi erf erfc erfinv exp2 expm1 gammaln i0 i0e i1 i1e log1p ndtr sinc entr")


class WeightNorm(Unary):
    """`_weight_norm(v, g, dim)`: v scaled to the norms g, what `weight_norm` computes at each forward."""

    def output(self, bound: Bound) -> Output:
        return TensorSpec(bound["input"].shape, bound["input"].dtype)


class Square(Unary):
    """`square`: of bools, integers."""

    def dtype(self, bound: Bound) -> str:
        dtype = super().dtype(bound)
        return "int64" if dtype == "bool" else dtype


def _unary() -> list[Operator]:
    found: list[Operator] = [
        Unary(
            word,
            method_and_function(word),
            result="float",
            categories=(0, 1, 2) if word in _REAL_ONLY else (0, 1, 2, 3),
        )
        for word in _FLOAT_MATHS
    ]
    found += [
        Unary(word, (f"torch.special.{word}",), result="float", categories=(0, 1, 2))
        if word not in ("exp2", "expm1", "log1p", "sinc")
        else Unary(word, (f"torch.special.{word}",), result="float")
        for word in _SPECIAL
    ]
    found += [
        Unary(word, method_and_function(word), "input, decimals=0, ~out", categories=(1, 2))
        for word in _ROUNDING
    ]
    found += [
        Unary("round", ("torch.special.round",), "input, decimals=0, ~out", categories=(2,)),
        Unary("frac", method_and_function("frac"), categories=(2,)),
        Unary(
            "abs",
            (*method_and_function("abs", "absolute"), "torch.Tensor.__abs__"),
            result="real",
            categories=(1, 2, 3),
        ),
        Unary(
            "neg",
            (*method_and_function("neg", "negative"), "torch.Tensor.__neg__"),
            categories=(1, 2, 3),
        ),
        Unary("angle", method_and_function("angle"), result="float", categories=(0, 1, 2)),
        WeightNorm("weight_norm", ("torch._weight_norm",), "input|v, g, dim=0"),
        Unary("sign", method_and_function("sign"), categories=(0, 1, 2)),
        Unary("sgn", method_and_function("sgn")),
        Square("square", method_and_function("square")),
        Unary(
            "nan_to_num", method_and_function("nan_to_num"), "input, nan=0.0, posinf=None, neginf=None, ~out"
        ),
        Unary(
            "logit",
            (*method_and_function("logit"), "torch.special.logit"),
            "input, eps=None, ~out",
            "float",
            (0, 1, 2),
        ),
        Unary("logical_not", method_and_function("logical_not"), result="bool"),
        Unary("signbit", method_and_function("signbit"), result="bool", categories=(0, 1, 2)),
        Unary(
            "bitwise_not", (*method_and_function("bitwise_not"), "torch.Tensor.__invert__"), categories=(0, 1)
        ),
    ]
    found += [
        Unary(word, method_and_function(word), "input", result="bool")
        for word in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal")
    ]
    return found


# -- two operands


class BinaryOfOneDtype(Binary):
    """`isclose` and `heaviside`: nothing is promoted."""

    one_dtype = True


class Add(Binary):
    """`x + y`."""

    kind = "add"


class Sub(Binary):
    """`x - y`."""

    kind = "sub"

    def wrong_dtype(self, bound: Bound) -> Refusal | None:
        for name in self.operands:
            value = bound[name]
            dtype = value.dtype if isinstance(value, TensorSpec) else number_dtype(value)
            if dtype == "bool":
                return Refusal(
                    "dtype",
                    f"{self.name} does not take bools: use logical_xor, or convert with .int()",
                    operand=name,
                )
        return None


class Mul(Binary):
    """`x * y`."""

    kind = "mul"


class Div(Binary):
    """`x / y`; with a rounding mode integers stay integers."""

    kind = "div"

    def refuse(self, bound: Bound) -> Refusal | None:
        mode = bound.get("rounding_mode")
        if mode not in (None, "trunc", "floor"):
            return Refusal(
                "argument",
                f"div's rounding_mode is None, 'trunc' or 'floor', not {mode!r}",
                "rounding_mode",
                operand=None,
            )
        return super().refuse(bound)

    def dtype(self, bound: Bound) -> str:
        dtype = super().dtype(bound)
        return dtype if bound.get("rounding_mode") else floating(dtype)


class Pow(Binary):
    """`x ** y`."""

    def wrong_dtype(self, bound: Bound) -> Refusal | None:
        base, exponent = bound["input"], bound["other"]
        whole = isinstance(base, TensorSpec) and category(base.dtype) <= 1
        if whole and isinstance(exponent, int) and exponent < 0:
            return Refusal(
                "dtype",
                f"pow takes no negative exponents of integers, here {base.dtype} ** {exponent}",
            )
        tensors = isinstance(base, TensorSpec) and isinstance(exponent, TensorSpec)
        if tensors and base.dtype == exponent.dtype == "bool":
            return Refusal("dtype", "pow does not take bools: convert with .int()")
        return super().wrong_dtype(bound)


class MakeComplex(BinaryOfOneDtype):
    """`complex` and `polar`."""

    def wrong_dtype(self, bound: Bound) -> Refusal | None:
        if bound["input"].dtype == "bfloat16":
            return Refusal("dtype", f"{self.name} does not take bfloat16")
        return super().wrong_dtype(bound)

    def dtype(self, bound: Bound) -> str:
        return {"float64": "complex128", "float16": "complex32"}.get(bound["input"].dtype, "complex64")


class FloatPower(Binary):
    """`float_power`: computes in double."""

    def dtype(self, bound: Bound) -> str:
        return "complex128" if category(super().dtype(bound)) == 3 else "float64"


_COMPARISONS = {
    "eq": ("__eq__",),
    "ne": ("not_equal", "__ne__"),
    "lt": ("less", "__lt__"),
    "le": ("less_equal", "__le__"),
    "gt": ("greater", "__gt__"),
    "ge": ("greater_equal", "__ge__"),
}
_BITWISE = {
    "bitwise_and": ("__and__", "__rand__"),
    "bitwise_or": ("__or__", "__ror__"),
    "bitwise_xor": ("__xor__", "__rxor__"),
}
_SHIFTS = {
    "bitwise_left_shift": ("__lshift__", "__rlshift__"),
    "bitwise_right_shift": ("__rshift__", "__rrshift__"),
}
_TWO_FLOATS = {
    "atan2": ("arctan2",),
    "copysign": (),
    "xlogy": (),
}
_REAL_PAIRS = {"fmax": (), "fmin": (), "maximum": (), "minimum": ()}
_FLOAT_PAIRS = {"hypot": (), "logaddexp": (), "logaddexp2": (), "nextafter": ()}


def _pair(name: str, aliases: Sequence[str], result: str, categories: Sequence[int]) -> Binary:
    """A binary operator by its name, its aliases and its dunder methods."""
    spelled = method_and_function(name, *(alias for alias in aliases if not alias.startswith("__")))
    dunders = tuple(f"torch.Tensor.{alias}" for alias in aliases if alias.startswith("__"))
    return Binary(name, (*spelled, *dunders), result=result, categories=categories)


def _binary() -> list[Operator]:
    alpha = "input, other, alpha=1, ~out"
    found: list[Operator] = [
        Add("add", (*method_and_function("add"), *_dunders("add", "radd")), alpha),
        Sub("sub", (*method_and_function("sub", "subtract"), *_dunders("sub")), alpha),
        Sub("rsub", ("torch.rsub", *_dunders("rsub")), alpha),
        Mul("mul", (*method_and_function("mul", "multiply"), *_dunders("mul", "rmul"))),
        Div(
            "div",
            (
                *method_and_function("div", "divide", "true_divide"),
                *_dunders("truediv", "rtruediv", "div", "rdiv"),
            ),
            "input, other, rounding_mode=None, ~out",
        ),
        Binary(
            "floor_divide",
            (*method_and_function("floor_divide"), *_dunders("floordiv", "rfloordiv")),
            categories=(1, 2),
        ),
        Binary("remainder", (*method_and_function("remainder"), *_dunders("mod", "rmod")), categories=(1, 2)),
        Binary("fmod", method_and_function("fmod"), categories=(1, 2)),
        Pow(
            "pow", (*method_and_function("pow"), *_dunders("pow", "rpow")), "input|self, other|exponent, ~out"
        ),
        FloatPower("float_power", method_and_function("float_power"), "input|self, other|exponent, ~out"),
        Binary("xlogy", ("torch.special.xlogy",), result="float", categories=(0, 1, 2)),
        Binary("xlog1py", ("torch.special.xlog1py",), result="float", categories=(0, 1, 2)),
        BinaryOfOneDtype(
            "isclose",
            method_and_function("isclose"),
            "input, other, rtol=0, atol=0, equal_nan=False",
            result="bool",
        ),
    ]
    found += [
        MakeComplex("complex", ("torch.complex",), "input|real, other|imag, ~out", categories=(2,)),
        MakeComplex("polar", ("torch.polar",), "input|abs, other|angle, ~out", categories=(2,)),
    ]
    found.append(BinaryOfOneDtype("heaviside", method_and_function("heaviside")))
    found += [_pair(name, aliases, "bool", (0, 1, 2, 3)) for name, aliases in _COMPARISONS.items()]
    found += [_pair(f"logical_{word}", (), "bool", (0, 1, 2, 3)) for word in ("and", "or", "xor")]
    found += [_pair(name, aliases, "promoted", (0, 1)) for name, aliases in _BITWISE.items()]
    found += [_pair(name, aliases, "promoted", (1,)) for name, aliases in _SHIFTS.items()]
    found += [_pair(name, aliases, "float", (0, 1, 2)) for name, aliases in _TWO_FLOATS.items()]
    found += [_pair(name, aliases, "promoted", (0, 1, 2)) for name, aliases in _REAL_PAIRS.items()]
    found += [_pair(name, aliases, "promoted", (2,)) for name, aliases in _FLOAT_PAIRS.items()]
    return found


def _dunders(*words: str) -> tuple[str, ...]:
    return tuple(f"torch.Tensor.__{word}__" for word in words)


# -- three operands


class Where(Elementwise):
    """`where(condition, x, y)`; `where(condition)` alone depends on data and is torch's."""

    def __init__(self, names: Sequence[str], signature: str):
        super().__init__("where", names, signature, ("condition", "input", "other"))

    def refuse(self, bound: Bound) -> Refusal | None:
        condition = bound["condition"]
        if isinstance(condition, TensorSpec) and condition.dtype not in ("bool", "uint8"):
            return Refusal(
                "dtype",
                f"where takes a condition of bools, not {condition.dtype}",
                "condition",
                operand="condition",
            )
        return super().refuse(bound)

    def dtype(self, bound: Bound) -> str:
        return result_type((bound["input"], bound["other"]))


class Clamp(Elementwise):
    """`clamp`, `clip` and their one-sided forms."""

    def __init__(self, name: str, names: Sequence[str], signature: str):
        bounds = {"clamp_min": ("min",), "clamp_max": ("max",)}.get(name, ("min", "max"))
        super().__init__(name, names, signature, ("input", *bounds), categories=(1, 2))

    def refuse(self, bound: Bound) -> Refusal | None:
        if all(bound[name] is None for name in self.operands[1:]):
            return Refusal("argument", f"{self.name} needs min or max: both are None", "min", operand=None)
        return super().refuse(bound)


class Lerp(Elementwise):
    """`input + weight × (end − input)`: only a weight without axes may have another dtype."""

    one_dtype = True

    def wrong_dtype(self, bound: Bound) -> Refusal | None:
        weight = bound["weight"]
        scalar = isinstance(weight, TensorSpec) and not weight.shape
        return super().wrong_dtype({**bound, "weight": None} if scalar else bound)


class AddCDiv(Elementwise):
    """`input + value × tensor1 / tensor2`."""

    def wrong_dtype(self, bound: Bound) -> Refusal | None:
        if all(category(bound[name].dtype) < 2 for name in ("tensor1", "tensor2")):
            return Refusal(
                "dtype", "addcdiv does not divide integers: convert with .float()", operand="tensor1"
            )
        return super().wrong_dtype(bound)


def _ternary() -> list[Operator]:
    return [
        Where(("torch.where",), "condition, input|self, other, ~out"),
        Where(("torch.Tensor.where",), "input, condition, other"),
        Clamp("clamp", method_and_function("clamp", "clip"), "input, min=None, max=None, ~out"),
        Clamp("clamp_min", method_and_function("clamp_min"), "input, min, ~out"),
        Clamp("clamp_max", method_and_function("clamp_max"), "input, max, ~out"),
        Lerp(
            "lerp",
            method_and_function("lerp"),
            "input, end, weight, ~out",
            ("input", "end", "weight"),
            categories=(2, 3),
        ),
        Elementwise(
            "addcmul",
            method_and_function("addcmul"),
            "input, tensor1, tensor2, value=1, ~out",
            ("input", "tensor1", "tensor2"),
            categories=(1, 2, 3),
        ),
        AddCDiv(
            "addcdiv",
            method_and_function("addcdiv"),
            "input, tensor1, tensor2, value=1, ~out",
            ("input", "tensor1", "tensor2"),
            categories=(2, 3),
        ),
    ]


_ONLY_METHODS = frozenset(
    words(
        "add sub mul div floor_divide remainder fmod pow lerp addcmul addcdiv nextafter hypot "
        "copysign atan2 erfinv digamma lgamma sign sgn logical_not logical_and logical_or "
        "logical_xor bitwise_not bitwise_and bitwise_or bitwise_xor bitwise_left_shift "
        "bitwise_right_shift eq ne lt le gt ge"
    )
)
_AUGMENTED = {
    "add": ("__iadd__",),
    "sub": ("__isub__",),
    "mul": ("__imul__",),
    "div": ("__itruediv__", "__idiv__"),
    "floor_divide": ("__ifloordiv__",),
    "remainder": ("__imod__",),
    "pow": ("__ipow__",),
    "bitwise_and": ("__iand__",),
    "bitwise_or": ("__ior__",),
    "bitwise_xor": ("__ixor__",),
    "bitwise_left_shift": ("__ilshift__",),
    "bitwise_right_shift": ("__irshift__",),
}
_NEVER_IN_PLACE = frozenset(
    words(
        "angle rsub where isclose heaviside float_power isnan isinf isfinite isposinf isneginf isreal "
        "signbit fmax fmin maximum minimum logaddexp logaddexp2"
    )
)


def in_place(operators: Sequence[Operator]) -> list[Operator]:
    """The in-place forms of elementwise operators, as methods and, where torch has them, functions."""
    found: list[Operator] = []
    for operator in operators:
        methods = [name.rpartition(".")[2] for name in operator.names if name.startswith("torch.Tensor.")]
        spelled = [word for word in methods if not word.startswith("__")]
        if operator.name in _NEVER_IN_PLACE or not spelled:
            continue
        names = [f"torch.Tensor.{word}_" for word in spelled]
        names += [f"torch.Tensor.{word}" for word in _AUGMENTED.get(operator.name, ())]
        if operator.name not in _ONLY_METHODS:
            names += [f"torch.{word}_" for word in spelled if word != "absolute"]
        found.append(InPlace(operator, names))
    return found


class CopyInto(Operator):
    """`copy_`: the values of another tensor, which is stretched to this one."""

    kind = "copy"

    def refuse(self, bound: Bound) -> Refusal | None:
        target, source = bound["input"], bound["other"]
        if not isinstance(source, TensorSpec):
            return not_a_tensor("copy_", source, "other")
        if broadcast((target.shape, source.shape)) != target.shape:
            found = disagreements([("input", target.shape), ("other", source.shape)])
            if found:
                return merge_refusal("copy_", found)
        return inplace_refusal(
            "copy_", target, TensorSpec(broadcast((target.shape, source.shape)) or target.shape, target.dtype)
        )

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return bound["input"]

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        return [bound["input"].shape]


_OUT_OF_PLACE = [*_unary(), *_binary(), *_ternary()]
OPERATORS: list[Operator] = [
    *_OUT_OF_PLACE,
    *in_place(_OUT_OF_PLACE),
    CopyInto(
        "copy_",
        ("torch.Tensor.copy_",),
        "input, other|src, ~non_blocking",
        sized_by_torch=True,
        inplace=True,
    ),
]
