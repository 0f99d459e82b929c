"""Products of features: linear layers and matrix multiplication."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast
from cnnlint.operators.pointwise import method_and_function
from cnnlint.trace import Shape


def _different_dtypes(name: str, *specs: TensorSpec | None) -> Refusal | None:
    dtypes = dict.fromkeys(spec.dtype for spec in specs if spec is not None)
    if len(dtypes) < 2:
        return None
    return Refusal("dtype", f"{name} takes one dtype, not {' and '.join(dtypes)}")


def show(shape: Sequence[int]) -> str:
    """`[2, 1568]`."""
    return f"[{', '.join(map(str, shape))}]"


class Linear(Operator):
    """`linear`: (…, in_features) to (…, out_features)."""

    kind = "linear"

    def __init__(self) -> None:
        names = ("torch.nn.functional.linear", "torch._C._nn.linear")
        super().__init__("linear", names, "input, weight, bias=None", ("Linear",))

    def refuse(self, bound: Bound) -> Refusal | None:
        given: TensorSpec = bound["input"]
        weight: TensorSpec = bound["weight"]
        if not isinstance(given, TensorSpec):
            return Refusal(
                "argument", f"Linear takes a tensor, not {type(given).__name__}", exception="TypeError"
            )
        if not given.rank:
            return Refusal("rank", "Linear needs an axis of features, but the input is a single number")
        if given.shape[-1] != weight.shape[-1]:
            return Refusal(
                "features",
                f"Linear expects {weight.shape[-1]} features, but the input has {given.shape[-1]}",
                "in_features",
                expected=weight.shape[-1],
                actual=given.shape[-1],
                axes=(("input", given.rank - 1),),
            )
        return _different_dtypes("Linear", given, weight, bound["bias"])

    def output(self, bound: Bound) -> Output:
        weight: TensorSpec = bound["weight"]
        return TensorSpec((*bound["input"].shape[:-1], *weight.shape[:-1]), bound["input"].dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        given: TensorSpec = bound["input"]
        unsure = frozenset(axis for axis in given.uncertain if axis < given.rank - 1)
        weight: TensorSpec = bound["weight"]
        return TensorSpec((*given.shape[:-1], *weight.shape[:-1]), weight.dtype, None, unsure)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        given: TensorSpec = bound["input"]
        return (frozenset(axis for axis in given.uncertain if axis < given.rank - 1),)

    def macs(self, bound: Bound) -> int:
        return prod(bound["input"].shape[:-1]) * prod(bound["weight"].shape)


class Matmul(Operator):
    """The matrix products that broadcast over leading axes; vectors as torch takes them."""

    kind = "matmul"

    def __init__(
        self, name: str, names: Sequence[str], ranks: tuple[int, int] | None = None, swapped: bool = False
    ):
        super().__init__(name, names, "input, other|mat2|vec2|vec|tensor, ~out, ~out_dtype")
        self.ranks = ranks
        self.swapped = swapped

    def sides(self, bound: Bound) -> tuple[TensorSpec, TensorSpec]:
        """The left and the right factor."""
        left, right = bound["input"], bound["other"]
        return (right, left) if self.swapped else (left, right)

    def refuse(self, bound: Bound) -> Refusal | None:
        left, right = self.sides(bound)
        for side in (left, right):
            if not isinstance(side, TensorSpec):
                return Refusal(
                    "argument", f"{self.name} takes tensors, not {type(side).__name__}", exception="TypeError"
                )
        wrong_rank = self.ranks is not None and (left.rank, right.rank) != self.ranks
        if wrong_rank or not left.rank or not right.rank:
            wanted = f" of {self.ranks[0]} and {self.ranks[1]} axes" if self.ranks else " with axes"
            return Refusal(
                "rank", f"{self.name} takes tensors{wanted}, not {show(left.shape)} and {show(right.shape)}"
            )
        inner = right.shape[-2] if right.rank > 1 else right.shape[0]
        names = ("other", "input") if self.swapped else ("input", "other")
        if left.shape[-1] != inner:
            return Refusal(
                "merge",
                f"{self.name} of {show(left.shape)} and {show(right.shape)}: the left has {left.shape[-1]} columns, "
                f"the right {inner} rows",
                expected=inner,
                actual=left.shape[-1],
                axes=((names[0], left.rank - 1), (names[1], max(right.rank - 2, 0))),
            )
        leading = (left.shape[:-2], right.shape[:-2])
        fits = leading[0] == leading[1] if self.name == "bmm" else broadcast(leading) is not None
        if not fits:
            return Refusal(
                "merge",
                f"{self.name} of {show(left.shape)} and {show(right.shape)}: the leading axes do not fit",
                axes=(
                    *((names[0], axis) for axis in range(left.rank - 2)),
                    *((names[1], axis) for axis in range(right.rank - 2)),
                ),
            )
        return _different_dtypes(self.name, left, right)

    def shape(self, left: TensorSpec, right: TensorSpec) -> Shape:
        """The product's shape."""
        if right.rank == 1:
            return left.shape[:-1]
        if left.rank == 1:
            return (*right.shape[:-2], right.shape[-1])
        leading = broadcast((left.shape[:-2], right.shape[:-2])) or left.shape[:-2]
        return (*leading, left.shape[-2], right.shape[-1])

    def output(self, bound: Bound) -> Output:
        left, right = self.sides(bound)
        return TensorSpec(self.shape(left, right), left.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        left, right = self.sides(bound)
        if (
            not isinstance(left, TensorSpec)
            or not isinstance(right, TensorSpec)
            or not left.rank
            or not right.rank
        ):
            return super().recovered(bound, refusal)
        shape = self.shape(left, right)
        return TensorSpec(
            shape,
            left.dtype,
            None,
            frozenset(range(len(shape) - 2)) if refusal.expected is None else frozenset(),
        )

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        left, right = self.sides(bound)
        if left.rank < 2 or right.rank < 2:
            return super().uncertain(bound, outputs)
        rank = outputs[0].rank
        axes = {axis + rank - left.rank for axis in left.uncertain if axis != left.rank - 1}
        axes |= {axis + rank - right.rank for axis in right.uncertain if axis != right.rank - 2}
        return (frozenset(axes),)

    def macs(self, bound: Bound) -> int:
        left, right = self.sides(bound)
        return prod(self.shape(left, right)) * left.shape[-1]


class Addmm(Operator):
    """`addmm` and `baddbmm`: input + a @ b."""

    kind = "matmul"

    def __init__(self, name: str, names: Sequence[str], first: str, second: str):
        super().__init__(name, names, f"input, {first}, {second}, beta=1, alpha=1, ~out, ~out_dtype")
        self.first, self.second = first, second
        rank = 2 if name == "addmm" else 3
        self.product = Matmul("mm" if rank == 2 else "bmm", (), (rank, rank))

    def _product(self, bound: Bound) -> Bound:
        return {"input": bound[self.first], "other": bound[self.second]}

    def refuse(self, bound: Bound) -> Refusal | None:
        refusal = self.product.refuse(self._product(bound))
        if refusal is not None:
            names = {"input": self.first, "other": self.second}
            axes = tuple((names[name], axis) for name, axis in refusal.axes)
            return Refusal(
                refusal.reason, refusal.message, None, refusal.expected, refusal.actual, self.first, axes
            )
        added: TensorSpec = bound["input"]
        shape = self.product.shape(bound[self.first], bound[self.second])
        if broadcast((added.shape, shape)) != shape:
            return Refusal("merge", f"{self.name} adds {show(added.shape)} to a product of {show(shape)}")
        return _different_dtypes(self.name, added, bound[self.first])

    def output(self, bound: Bound) -> Output:
        return self.product.output(self._product(bound))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return self.product.recovered(self._product(bound), refusal)

    def macs(self, bound: Bound) -> int:
        return self.product.macs(self._product(bound))


class Bilinear(Operator):
    """`bilinear`: (…, in1) and (…, in2) to (…, out)."""

    kind = "bilinear"

    def __init__(self) -> None:
        names = ("torch.nn.functional.bilinear", "torch.bilinear")
        super().__init__("bilinear", names, "input1, input2, weight, bias=None", ("Bilinear",))

    def refuse(self, bound: Bound) -> Refusal | None:
        weight: TensorSpec = bound["weight"]
        for name, axis in (("input1", 1), ("input2", 2)):
            spec: TensorSpec = bound[name]
            if spec.shape[-1:] != weight.shape[axis : axis + 1]:
                return Refusal(
                    "features",
                    f"Bilinear expects {weight.shape[axis]} features in {name}, but there are {spec.shape[-1]}",
                    f"in{axis}_features",
                    expected=weight.shape[axis],
                    actual=spec.shape[-1],
                    operand=name,
                    axes=((name, spec.rank - 1),),
                )
        if bound["input1"].shape[:-1] != bound["input2"].shape[:-1]:
            shapes = f"{show(bound['input1'].shape)} and {show(bound['input2'].shape)}"
            return Refusal("merge", f"bilinear needs equal leading axes, not {shapes}", operand="input1")
        return _different_dtypes("bilinear", bound["input1"], bound["input2"], weight)

    def output(self, bound: Bound) -> Output:
        return TensorSpec((*bound["input1"].shape[:-1], bound["weight"].shape[0]), bound["input1"].dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return self.output(bound)

    def macs(self, bound: Bound) -> int:
        return prod(bound["input1"].shape[:-1]) * prod(bound["weight"].shape)


class Outer(Operator):
    """`outer`: two vectors to a matrix."""

    kind = "matmul"

    def __init__(self) -> None:
        super().__init__("outer", method_and_function("outer", "ger"), "input, vec2, ~out")

    def refuse(self, bound: Bound) -> Refusal | None:
        if bound["input"].rank != 1 or bound["vec2"].rank != 1:
            shapes = f"{show(bound['input'].shape)} and {show(bound['vec2'].shape)}"
            return Refusal("rank", f"outer takes two vectors, not {shapes}")
        return None

    def output(self, bound: Bound) -> Output:
        return TensorSpec((bound["input"].shape[0], bound["vec2"].shape[0]), bound["input"].dtype)


class Einsum(Operator):
    """`einsum` with its equation as text; sublists are left to torch."""

    kind = "einsum"

    def __init__(self) -> None:
        super().__init__("einsum", ("torch.functional.einsum", "torch.einsum"), "equation, *operands")

    def bind(self, args: Sequence[Any], kwargs: Any) -> Bound:
        bound = super().bind(args, kwargs)
        if not isinstance(bound["equation"], str):
            raise TypeError("einsum with sublists")
        return bound

    def parts(self, bound: Bound) -> tuple[list[str], str]:
        """The subscripts of each operand and of the result, `...` written out in capitals that the
        equation does not use."""
        equation = bound["equation"].replace(" ", "")
        left, arrow, right = equation.partition("->")
        terms = left.split(",")
        free = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in equation]
        widths = [
            spec.rank - len(term.replace("...", ""))
            for term, spec in zip(terms, bound["operands"], strict=False)
            if "..." in term
        ]
        batch = "".join(free[: max(widths, default=0)])
        written = []
        for term, spec in zip(terms, bound["operands"], strict=False):
            width = max(spec.rank - len(term.replace("...", "")), 0)
            written.append(term.replace("...", batch[len(batch) - width :]))
        if arrow:
            return written, right.replace("...", batch)
        letters = "".join(written)
        return written, batch + "".join(sorted(c for c in set(letters) - set(batch) if letters.count(c) == 1))

    def refuse(self, bound: Bound) -> Refusal | None:
        operands = bound["operands"]
        if not all(isinstance(spec, TensorSpec) for spec in operands):
            return Refusal(
                "argument", "einsum takes tensors behind its equation", operand=None, exception="TypeError"
            )
        terms, result = self.parts(bound)
        equation = bound["equation"]
        if len(terms) != len(operands):
            return Refusal(
                "argument",
                f"einsum({equation!r}) names {len(terms)} tensors, but {len(operands)} are given",
                operand=None,
            )
        sizes: dict[str, tuple[int, int, int]] = {}
        for index, (term, spec) in enumerate(zip(terms, operands, strict=True)):
            if len(term) != spec.rank:
                return Refusal(
                    "rank",
                    f"einsum({equation!r}) gives {len(term)} axes to tensor {index}, which has {spec.rank}",
                    expected=len(term),
                    actual=spec.rank,
                    operand="operands",
                )
            for axis, (letter, size) in enumerate(zip(term, spec.shape, strict=True)):
                known, other, other_axis = sizes.setdefault(letter, (size, index, axis))
                if known == 1:
                    sizes[letter] = (size, index, axis)
                elif size not in (1, known):
                    return Refusal(
                        "merge",
                        f"einsum({equation!r}): {letter!r} is {known} in tensor {other} and {size} in tensor {index}",
                        expected=known,
                        actual=size,
                        operand="operands",
                        axes=((f"operands.{other}", other_axis), (f"operands.{index}", axis)),
                    )
        missing = [letter for letter in result if letter not in sizes]
        if missing or len(set(result)) != len(result):
            return Refusal(
                "argument",
                f"einsum({equation!r}): the result names axes that no tensor has, or one twice",
                operand=None,
            )
        return _different_dtypes("einsum", *operands)

    def _sizes(self, bound: Bound) -> tuple[dict[str, int], str]:
        terms, result = self.parts(bound)
        sizes: dict[str, int] = {}
        for term, spec in zip(terms, bound["operands"], strict=False):
            for letter, size in zip(term, spec.shape, strict=False):
                if sizes.get(letter, 1) == 1:
                    sizes[letter] = size
        return sizes, result

    def output(self, bound: Bound) -> Output:
        sizes, result = self._sizes(bound)
        return TensorSpec(tuple(sizes[letter] for letter in result), bound["operands"][0].dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        sizes, result = self._sizes(bound)
        shape = tuple(sizes.get(letter, 1) for letter in result)
        return TensorSpec(shape, bound["operands"][0].dtype, None, frozenset(range(1, len(shape))))

    def macs(self, bound: Bound) -> int:
        return prod(self._sizes(bound)[0].values()) if len(bound["operands"]) > 1 else 0


OPERATORS: list[Operator] = [
    Linear(),
    Bilinear(),
    Matmul("matmul", (*method_and_function("matmul"), "torch.Tensor.__matmul__", "torch.linalg.matmul")),
    Matmul("matmul", ("torch.Tensor.__rmatmul__",), swapped=True),
    Matmul("mm", method_and_function("mm"), (2, 2)),
    Matmul("bmm", method_and_function("bmm"), (3, 3)),
    Matmul("mv", method_and_function("mv"), (2, 1)),
    Matmul("dot", method_and_function("dot"), (1, 1)),
    Addmm("addmm", method_and_function("addmm"), "mat1", "mat2"),
    Addmm("baddbmm", method_and_function("baddbmm"), "batch1", "batch2"),
    Outer(),
    Einsum(),
]
