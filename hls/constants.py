"""Real constants as integers on a stated grid: slopes, reciprocals, tables.

>>> significant(Fraction(3, 10), 12)  # a leaky slope of 0.3: 1229 / 4096
(1229, 12)
>>> mean_factors(4, {1, 2, 4}, Fraction(1, 4))
([4, 2, 0, 1], 2)
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from trigger.network_spec import Format

SLOPE_BITS = 12  # significant bits of a leaky slope
FACTOR_BITS = 17  # of 1/n
EXACT_BITS = 24  # a constant that fits is taken as it is
INDEX_BITS = 10  # of the number that a table is asked for
INDEX_RANGE_BITS = 3  # tables of tanh and sigmoid go from -8 to 8
TABLE_FRACTION = 16  # of tables whose output format no quantizer states
SOFTMAX_STEP_BITS = 6  # the table of exp has steps of 1/64, up to 16
HARD_SIGMOID_BITS = 16  # significant bits of 0.2


def significant(value: Fraction, bits: int) -> tuple[int, int]:
    """Return (integer, fraction) of ``value`` rounded to ``bits`` significant bits, without trailing zeros."""
    if value == 0:
        return 0, 0
    fraction = bits - _exponent(abs(value))
    integer = round(value * _power(fraction))
    spare = (integer & -integer).bit_length() - 1
    return integer >> spare, fraction - spare


def dyadic(value: Fraction) -> int | None:
    """Return the least number of fraction bits (0 or more) that holds ``value``, or None.

    >>> dyadic(Fraction(3, 8)), dyadic(Fraction(12)), dyadic(Fraction(1, 3))
    (3, 0, None)
    """
    bits = value.denominator.bit_length() - 1
    return bits if value.denominator == 1 << bits else None


def mean_factors(area: int, places: Collection[int], mean: Fraction) -> tuple[list[int], int]:
    """Return the factors of an average pooling for 1 to ``area`` real places, and their fraction.

    Parameters
    ----------
    places : numbers of real places that occur; the factor of the others is 0.
    mean : what a full window's sum is multiplied by: 1/area, or a quantised one.
    """
    wanted = {n: mean * area / n for n in places}
    exact = [dyadic(value) for value in wanted.values()]
    bits = [b for b in exact if b is not None]
    if len(bits) < len(exact) or max(bits) > EXACT_BITS:
        bits = [FACTOR_BITS - _exponent(min(wanted.values()))]
    factors = [round(wanted[n] * _power(max(bits))) if n in wanted else 0 for n in range(1, area + 1)]
    return factors, max(bits)


def _exponent(value: Fraction) -> int:
    """Return e with 2**(e-1) <= value < 2**e."""
    guess = value.numerator.bit_length() - value.denominator.bit_length()
    return guess + 1 if value >= _power(guess) else guess


def _power(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


def index_format(given: Format) -> Format:
    """Return the format in which a table of tanh or sigmoid is asked: ``given`` itself where it is narrow enough.

    >>> index_format(Format(signed=True, width=20, fraction=9))
    Format(signed=True, width=10, fraction=6)
    """
    if given.width <= INDEX_BITS:
        return given
    whole = INDEX_RANGE_BITS + given.signed
    fraction = min(given.fraction, INDEX_BITS - whole)
    return Format(signed=given.signed, width=max(whole + fraction, 1 + given.signed), fraction=fraction)


def table(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], index: Format
) -> NDArray[np.float64]:
    """Return ``function`` of every number of ``index``, lowest first: float64, (2**index.width,)."""
    integers = np.arange(index.min_int, index.max_int + 1, dtype=np.float64)
    return function(integers * 2.0**-index.fraction)


def rounded_table(values: NDArray[np.float64], output: Format, low: int | None = None) -> list[int]:
    """Return ``values`` rounded half to even to the grid of ``output`` and brought into its range.

    Parameters
    ----------
    low : lowest integer, where it is not that of the format.
    """
    lowest = output.min_int if low is None else low
    integers = np.clip(np.rint(values * 2.0**output.fraction), lowest, output.max_int)
    return [int(value) for value in integers]


def softmax_tables(fraction: int, channels: int) -> dict[str, object]:
    """Return the tables of ``Softmax`` for numbers with ``fraction`` fraction bits.

    e**-d is looked up in steps of 1/64 (or of the numbers' own grid, where that is coarser) with 16 fraction bits;
    1/sum in at most 1024 equal steps, each at its middle, with 16 fraction bits.
    """
    shift = max(0, fraction - SOFTMAX_STEP_BITS)
    step = 2.0 ** (shift - fraction)
    powers = np.rint(np.exp(-np.arange(1 << INDEX_BITS) * step) * 2.0**TABLE_FRACTION).astype(int)
    powers = powers[: int(np.count_nonzero(powers)) + 1]
    first, most = int(powers[0]), int(powers[0]) * (channels - 1)
    inverse_shift = max(0, most.bit_length() - INDEX_BITS)
    sums = first + np.arange((most >> inverse_shift) + 1) * 2.0**inverse_shift
    middle = sums + ((1 << inverse_shift) - 1) / 2
    inverse = np.rint(2.0 ** (2 * TABLE_FRACTION) / middle).astype(int)
    return {
        "exp_table": powers.tolist(), "exp_shift": shift, "exp_fraction": TABLE_FRACTION,
        "inverse_table": inverse.tolist(), "inverse_shift": inverse_shift, "inverse_fraction": TABLE_FRACTION,
    }  # fmt: skip
