"""The output-size formulas of spatial operators, in exact integers, and their text with numbers.

All sizes are positions along one axis. A size below 1 is what the formula gives where nothing fits;
the operators refuse it.

Each formula `x_size` has its text `x_text`: `(28 + 2×0 − 3)/1 + 1 = 26`, with ⌊ ⌋ where the division
leaves a rest.
"""

from __future__ import annotations


def extent(kernel_size: int, dilation: int = 1) -> int:
    """Positions from a window's first to its last tap."""
    return dilation * (kernel_size - 1) + 1


def convolution_size(
    size: int, kernel_size: int, stride: int = 1, begin: int = 0, end: int = 0, dilation: int = 1
) -> int:
    """How often a window fits: a convolution's output, and floor-mode pooling's.

    `begin` and `end` are the padding at the two ends of the axis.
    """
    return (size + begin + end - dilation * (kernel_size - 1) - 1) // stride + 1


def convolution_text(
    size: int, kernel_size: int, stride: int = 1, begin: int = 0, end: int = 0, dilation: int = 1
) -> str:
    """`(28 + 2×1 − 3)/1 + 1 = 28`; with dilation `(28 + 2×2 − 2×(3−1) − 1)/1 + 1 = 28`."""
    free = size + begin + end - dilation * (kernel_size - 1) - 1
    taken = _window_text(size, kernel_size, begin, end, dilation)
    return f"{_quotient(taken, free, stride)} + 1 = {signed(free // stride + 1)}"


def transposed_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """A transposed convolution's output."""
    return (size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1


def transposed_text(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> str:
    """`(7 − 1)×2 − 2×1 + 4 = 14`; with dilation `(7 − 1)×2 − 2×1 + 2×(3−1) + 1 = 15`."""
    window = str(kernel_size) if dilation == 1 else f"{dilation}×({kernel_size}−1) + 1"
    extra = f" + {output_padding}" if output_padding else ""
    result = transposed_size(size, kernel_size, stride, padding, output_padding, dilation)
    return f"({size} − 1)×{stride} − 2×{padding} + {window}{extra} = {signed(result)}"


def pooling_size(
    size: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """A pooling's output. With `ceil_mode` a last window that hangs over the end counts too, if it
    starts inside the input or the padding before it."""
    free = size + 2 * padding - dilation * (kernel_size - 1) - 1
    if not ceil_mode:
        return free // stride + 1
    count = -(-free // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


def pooling_text(
    size: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> str:
    """As for a convolution; `⌈(28 + 2×0 − 3)/2⌉ + 1 = 14` with `ceil_mode`, and `+ 1 − 1` where the
    last window would start behind the input and is left out."""
    if not ceil_mode:
        return convolution_text(size, kernel_size, stride, padding, padding, dilation)
    free = size + 2 * padding - dilation * (kernel_size - 1) - 1
    count = pooling_size(size, kernel_size, stride, padding, dilation, ceil_mode)
    dropped = " − 1" if count < -(-free // stride) + 1 else ""
    quotient = _quotient(_window_text(size, kernel_size, padding, padding, dilation), free, stride, "⌈⌉")
    return f"{quotient} + 1{dropped} = {signed(count)}"


def unpooling_size(size: int, kernel_size: int, stride: int, padding: int = 0) -> int:
    """The size that max-unpooling goes back to when none is given."""
    return (size - 1) * stride + kernel_size - 2 * padding


def smallest_input(
    kernel_size: int,
    stride: int = 1,
    begin: int = 0,
    end: int = 0,
    dilation: int = 1,
    output: int = 1,
    ceil_mode: bool = False,
) -> int:
    """The smallest input (at least 1) that gives an output of at least `output` positions."""
    needed = (output - 1) * stride + extent(kernel_size, dilation) - begin - end
    if ceil_mode:
        # A window counts as soon as the one before it leaves a rest, but it must start in the input.
        needed = max(needed - (stride - 1), (output - 1) * stride - begin + 1)
    return max(needed, 1)


def same_padding(kernel_size: int, dilation: int = 1) -> tuple[int, int]:
    """What `padding='same'` puts before and behind an axis: an odd rest goes behind."""
    total = dilation * (kernel_size - 1)
    return total // 2, total - total // 2


def scaled_size(size: int, scale_factor: float) -> int:
    """An interpolation's output: the product in floating point, as torch has it, cut to an integer."""
    return int(float(size) * scale_factor)


def scaled_text(size: int, scale_factor: float) -> str:
    """`7 × 2 = 14`, `⌊7 × 1.5⌋ = 10`."""
    result = scaled_size(size, scale_factor)
    product = f"{size} × {scale_factor:g}"
    return f"{product} = {result}" if size * scale_factor == result else f"⌊{product}⌋ = {result}"


def signed(number: int) -> str:
    """A number with the minus sign that the formulas use."""
    return str(number) if number >= 0 else f"−{-number}"


def times(sizes: tuple[int, ...]) -> str:
    """`3×3`; sizes of several axes as the user reads them."""
    return "×".join(map(str, sizes))


def _window_text(size: int, kernel_size: int, begin: int, end: int, dilation: int) -> str:
    """Numerator of the window formula: `28 + 2×0 − 3`."""
    padding = f"2×{begin}" if begin == end else f"{begin} + {end}"
    window = str(kernel_size) if dilation == 1 else f"{dilation}×({kernel_size}−1) − 1"
    return f"{size} + {padding} − {window}"


def _quotient(numerator: str, value: int, stride: int, brackets: str = "⌊⌋") -> str:
    """`(numerator)/stride`, in brackets where the division leaves a rest."""
    text = f"({numerator})/{stride}"
    return text if value % stride == 0 else f"{brackets[0]}{text}{brackets[1]}"
