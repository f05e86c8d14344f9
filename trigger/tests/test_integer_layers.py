from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from trigger.exact_formats import exact, fit
from trigger.integer_layers import quantize, step
from trigger.network_spec import (
    Argmax,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Format,
    GlobalPool2D,
    Leaky,
    Lookup,
    Merge,
    Quantize,
    Reshape,
    Scale,
    Softmax,
    Upsample2D,
    ZeroPad2D,
)

BYTE = Format(signed=True, width=8, fraction=2)
ROUNDINGS = ("RND_CONV", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "TRN", "TRN_ZERO")
OVERFLOWS = ("SAT", "SAT_SYM", "SAT_ZERO", "WRAP")


def rounded(value: Fraction, mode: str) -> int:
    """The definition of ap_fixed's modes, in words of numbers."""
    floor = math.floor(value)
    if mode == "TRN":
        return floor
    if mode == "TRN_ZERO":
        return math.trunc(value)
    if value - floor != Fraction(1, 2):
        return round(value)
    up = {
        "RND": True,
        "RND_MIN_INF": False,
        "RND_ZERO": value < 0,
        "RND_INF": value > 0,
        "RND_CONV": floor % 2 == 1,
    }
    return floor + up[mode]


def brought_in(value: int, number: Format, mode: str) -> int:
    low, high = number.min_int, number.max_int
    if mode == "WRAP":
        value %= 1 << number.width
        return value - (1 << number.width) if value > high else value
    if mode == "SAT_SYM" and number.signed:
        low = -high
    if low <= value <= high:
        return value
    return 0 if mode == "SAT_ZERO" else (low if value < low else high)


@pytest.mark.parametrize(("rounding", "overflow"), list(itertools.product(ROUNDINGS, OVERFLOWS)))
@pytest.mark.parametrize("shift", [-3, -1, 0, 1, 2, 5, 9, 70])
def test_quantize_is_its_definition(rounding: str, overflow: str, shift: int) -> None:
    values = np.arange(-130, 131)
    for signed, width in [(True, 1), (True, 4), (True, 12), (False, 1), (False, 3)]:
        output = Format(signed=signed, width=width, fraction=3 - shift)
        layer = Quantize(
            name="q", input_shape=(1,), output_shape=(1,), output=output, rounding=rounding, overflow=overflow
        )
        got = quantize(layer, values, 3).tolist()
        want = [
            brought_in(rounded(v * Fraction(2) ** -shift, rounding), output, overflow)
            for v in values.tolist()
        ]
        assert got == want, (signed, width)


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(-128, 128, shape)


def head(shape: tuple[int, ...], out: tuple[int, ...]) -> dict:
    return {"name": "layer", "input_shape": shape, "output_shape": out, "output": BYTE}


def test_depthwise_convolution_sees_its_own_channel_only() -> None:
    rng, value = np.random.default_rng(2), image(1, 5, 6, 3)
    weights = rng.integers(-8, 8, (2, 3, 1, 6))
    layer = Conv2D(
        **head((5, 6, 3), (5, 6, 6)), kernel=(2, 3), stride=(1, 1), padding=(0, 1, 1, 1), groups=3, weight=BYTE,
        weights=weights.ravel().tolist(), bias=[1, 2, 3, 4, 5, 6],
    )  # fmt: skip
    got = step(layer, [value], [BYTE])
    for (row, column, f), result in np.ndenumerate(got[0]):
        want = layer.bias[f]
        for i, j in np.ndindex(2, 3):
            y, x = row + i, column + j - 1
            if y < 5 and 0 <= x < 6:
                want += value[0, y, x, f // 2] * weights[i, j, 0, f]
        assert result == want


def test_average_pool_counts_real_places_only() -> None:
    value = image(1, 5, 4, 2)
    factors = [720720 // (n + 1) for n in range(6)]
    layer = AveragePool2D(
        **head((5, 4, 2), (3, 2, 2)),
        pool=(2, 3),
        stride=(2, 2),
        padding=(0, 1, 0, 1),
        factors=factors,
        factor_fraction=0,
    )
    got = step(layer, [value], [BYTE])
    for (row, column, c), result in np.ndenumerate(got[0]):
        seen = value[0, 2 * row : 2 * row + 2, 2 * column : 2 * column + 3, c]
        assert result == seen.sum() * (720720 // seen.size)


def test_pixelwise_layers_are_their_definitions() -> None:
    value = image(2, 3, 4, 3)
    scale = Scale(**head((3, 4, 3), (3, 4, 3)), weight=BYTE, weights=[3, -2, 1], bias=[5, 0, -7])
    assert step(scale, [value], [BYTE])[1, 2, 3].tolist() == [
        v * w + b for v, w, b in zip(value[1, 2, 3].tolist(), [3, -2, 1], [5, 0, -7], strict=True)
    ]
    leaky = Leaky(**head((3, 4, 3), (3, 4, 3)), slope=3, slope_fraction=4)
    assert step(leaky, [value], [BYTE]).ravel().tolist() == [
        v * 16 if v >= 0 else v * 3 for v in value.ravel().tolist()
    ]
    lookup = Lookup(**head((3, 4, 3), (3, 4, 3)), table=list(range(500, 756)))
    assert step(lookup, [value], [BYTE]).ravel().tolist() == [v + 628 for v in value.ravel().tolist()]
    largest = step(Argmax(**head((3, 4, 3), (3, 4, 3))), [np.array([[[[7, 9, 9]]]])], [BYTE])
    assert largest.ravel().tolist() == [0, 1, 0]


def test_merges_align_their_grids() -> None:
    fine = Format(signed=False, width=5, fraction=4)
    one, other = image(1, 2, 2, 1), np.arange(4).reshape(1, 2, 2, 1)
    shape = head((2, 2, 1), (2, 2, 1))
    pairs = list(zip(one.ravel().tolist(), other.ravel().tolist(), strict=True))
    for op, want in [
        ("add", [4 * a + b for a, b in pairs]),
        ("subtract", [4 * a - b for a, b in pairs]),
        ("multiply", [a * b for a, b in pairs]),
    ]:
        assert step(Merge(**shape, op=op), [one, other], [BYTE, fine]).ravel().tolist() == want
    both = step(Concatenate(**head((2, 2, 1), (2, 2, 2))), [one, other], [BYTE, fine])
    assert both.reshape(-1, 2).tolist() == [[4 * a, b] for a, b in pairs]


def test_shapes_move_numbers_and_nothing_else() -> None:
    value = image(1, 2, 3, 2)
    padded = step(ZeroPad2D(**head((2, 3, 2), (5, 6, 2)), padding=(1, 2, 3, 0)), [value], [BYTE])
    assert padded.shape == (1, 5, 6, 2)
    assert padded.sum() == value.sum() and padded[0, 1, 3].tolist() == value[0, 0, 0].tolist()
    larger = step(Upsample2D(**head((2, 3, 2), (4, 9, 2)), size=(2, 3)), [value], [BYTE])
    assert all(np.array_equal(larger[0, r, c], value[0, r // 2, c // 3]) for r, c in np.ndindex(4, 9))
    flat = step(Reshape(**head((2, 3, 2), (12,))), [value], [BYTE])
    assert flat.tolist() == value.reshape(1, 12).tolist()
    for op, want in [("max", value.max(axis=(1, 2))), ("average", value.sum(axis=(1, 2)) * 7)]:
        layer = GlobalPool2D(**head((2, 3, 2), (2,)), op=op, factor=7, factor_fraction=4)
        assert step(layer, [value], [BYTE]).tolist() == want.tolist()


def test_softmax_comes_close_to_the_real_one() -> None:
    number = Format(signed=True, width=8, fraction=4)
    powers = [round(2**12 * math.exp(-k / 16)) for k in range(256)]
    inverse = [round(2**12 / (1 + (k + 0.5) / 64)) for k in range(256)]
    layer = Softmax(
        **head((4,), (4,)), exp_table=powers, exp_shift=0, exp_fraction=12, inverse_table=inverse, inverse_shift=6,
        inverse_fraction=12,
    )  # fmt: skip
    value = np.random.default_rng(1).integers(-40, 40, (200, 4))
    got = step(layer, [value], [number]) / 2**24
    want = np.exp(value / 16) / np.exp(value / 16).sum(axis=1, keepdims=True)
    assert np.abs(got - want).max() < 0.01  # half a step of the inverse table at its steepest: 1/128


@pytest.mark.parametrize(
    "layer",
    [
        Leaky(**head((1,), (1,)), slope=-3, slope_fraction=2),
        Merge(**head((1,), (1,)), op="subtract"),
        Merge(**head((1,), (1,)), op="multiply"),
        Scale(**head((1,), (1,)), weight=BYTE, weights=[-7], bias=[9]),
    ],
    ids=["leaky", "subtract", "multiply", "scale"],
)
def test_exact_range_is_reached_and_never_left(layer) -> None:
    numbers = [BYTE, Format(signed=False, width=3, fraction=5)][: 2 if isinstance(layer, Merge) else 1]
    span, fraction = exact(layer, numbers)
    every = np.array(list(itertools.product(*(range(n.min_int, n.max_int + 1) for n in numbers)))).T[
        :, :, None
    ]
    found = step(layer, list(every), numbers)
    assert (found.min(), found.max()) == span
    assert fit(span, fraction).min_int <= span[0]
