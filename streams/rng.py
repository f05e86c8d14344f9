"""Counter-based random numbers: the value depends on what it is for, never on what was drawn before.

Every decay and every noise sample has a key made of the seed and of its place in the run, so the same run gives
the same bytes however it is cut into pieces.

>>> state = stream(7, 1, 2, 3)
>>> bool(0.0 <= uniform(state) < 1.0), uniform(stream(7, 1, 2, 3)) == uniform(stream(7, 1, 2, 3))
(True, True)
"""

from __future__ import annotations

import math

import numpy as np

from streams.compiled import State, compiled

# SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): odd increment and the two multipliers of its finaliser.
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLY_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@compiled
def mix(value: np.uint64) -> np.uint64:
    """Return the SplitMix64 finaliser of a 64-bit word: a bijection that scatters counters."""
    value = (value ^ (value >> _S30)) * _MULTIPLY_1
    value = (value ^ (value >> _S27)) * _MULTIPLY_2
    return value ^ (value >> _S31)


@compiled
def key(seed: int, a: int, b: int, c: int) -> np.uint64:
    """Return the 64-bit key of (seed, a, b, c); each number may be negative."""
    word = mix(np.uint64(seed) + _INCREMENT)
    word = mix(word ^ (np.uint64(a) + _INCREMENT))
    word = mix(word + (np.uint64(b) ^ _INCREMENT) * _MULTIPLY_2)
    return mix(word ^ (np.uint64(c) * _MULTIPLY_1))


@compiled
def stream(seed: int, a: int, b: int, c: int) -> State:
    """Return the state (uint64 array, (1,)) of the random stream of (seed, a, b, c)."""
    state = np.empty(1, np.uint64)
    state[0] = key(seed, a, b, c)
    return state


@compiled
def uniform(state: State) -> float:
    """Return a number in [0, 1) of 53 random bits and advance ``state``."""
    state[0] += _INCREMENT
    return float(mix(state[0]) >> _S11) * (1.0 / 9007199254740992.0)


@compiled
def exponential(state: State) -> float:
    """Return a number with mean 1, exponentially distributed."""
    return -math.log(1.0 - uniform(state))


@compiled
def normal(state: State) -> float:
    """Return a Gaussian number of mean 0 and variance 1 (Box-Muller, the second one thrown away)."""
    radius = math.sqrt(2.0 * exponential(state))
    return radius * math.cos(2.0 * math.pi * uniform(state))
