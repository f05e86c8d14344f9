"""The 16-bit arithmetic of DUNE's vector code, on Python integers: wrap, saturate, divide by ten.

Named after the AVX2 instruction that each stands for (DUNE-DAQ/tpglibs AVXUtils.hpp, reference section 1.8b).

>>> wrapped(40000), saturated(40000), tenth(25), tenth(5), tenth(-15)
(-25536, 32767, 2, 0, -1)
"""

from __future__ import annotations

INT16_MAX = 32767
INT16_MIN = -32768
TENTH = 32768 // 10  # the factor of mulhrs that stands for 1/10; exact would be 3276.8


def wrapped(value: int) -> int:
    """Return the low 16 bits as a signed number (add_epi16, sub_epi16, mullo_epi16, abs_epi16)."""
    return (value + 0x8000 & 0xFFFF) - 0x8000


def saturated(value: int) -> int:
    """Return the nearest signed 16-bit number (adds_epi16)."""
    return min(max(value, INT16_MIN), INT16_MAX)


def tenth(value: int) -> int:
    """Return a tenth as ``mulhrs(value, 3276)``: half up, of a factor a little below 1/10."""
    return ((value * TENTH >> 14) + 1) >> 1
