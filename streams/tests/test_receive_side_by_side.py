"""Faults side by side: three and four damaged frames in a row, every kind after every other.

A sample is taken in CI; ``LARTRIG_FUZZ=full`` takes every order of three.
"""

from __future__ import annotations

from itertools import islice, product

import numpy as np
import pytest

from streams.tests.damage import FULL, SEED
from streams.tests.test_receive_faults import (
    check,
    decidable,
    looks_like_a_flip,
    looks_like_a_step,
    looks_like_one_frame,
)

#: Places of the first: where a window begins or ends, around the end of a span, within.
AT = (0, 1, 13, 15, 20, 29, 54, 56)
DETAILS = {
    "lost": [0],
    "delayed": [1, 2, 3, 20],
    "copied": [0, 1, 2, 20],
    "cut": [1, 5, 6, 7, 8, 12, 16, 17, 3000, 7199],
    "flipped": [3, 40, 41, 42, 43, 51, 64, 75, 76, 104, 162, 5000],  # 12 of them in the header
    "jumped": [64, 2048, -2048, 6144, -6144, 2048 * 4096, 2**40 + 12345],
}
FAULTS = [(kind, detail) for kind, details in DETAILS.items() for detail in details]


def sample(rng, count):
    """Yield sequences of three or four faults, each kind alike."""
    kinds = list(DETAILS)
    for _ in range(count):
        some = [kinds[k] for k in rng.integers(0, len(kinds), rng.integers(3, 5))]
        yield [(kind, DETAILS[kind][rng.integers(len(DETAILS[kind]))]) for kind in some]


def check_all(sequences, place, checked):
    """Receive sequences of faults that begin at a place, 39 streams at once; one stream is as it should be."""
    left = iter(sequences)
    while some := list(islice(left, 39)):
        faults = {s: dict(enumerate(sequence, place)) for s, sequence in enumerate(some)}
        check({stream: decidable(listed) for stream, listed in faults.items()}, checked=checked)


@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
@pytest.mark.parametrize("place", AT)
def test_fuzz_some_in_a_row(place, checked):
    rng = np.random.default_rng((SEED, place))
    check_all(sample(rng, 39 * (200 if FULL else 3)), place, checked)


@pytest.mark.skipif(not FULL, reason="every order of three takes minutes: LARTRIG_FUZZ=full")
@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
@pytest.mark.parametrize("first", FAULTS, ids=str)
def test_fuzz_every_three_in_a_row(first, checked):
    check_all(((first, *others) for others in product(FAULTS, repeat=2)), 20, checked)


def taken_for_others(looks):
    """Return 39 sequences that look like others: {place: fault}."""
    found = (dict(enumerate(sequence, 20)) for sequence in sample(np.random.default_rng(SEED), 100_000))
    return list(islice((one for one in found if looks(one) and not looks_like_a_step(one)), 39))


@pytest.mark.parametrize("checked", [True, False], ids=["checks", "no checks"])
def test_a_jump_that_looks_like_a_flip_differs_in_its_cause_only(checked):
    check(dict(enumerate(taken_for_others(looks_like_a_flip))), checked=checked, causes=False)


def test_two_halves_that_look_like_one_frame_differ_in_their_cause_only():
    check(dict(enumerate(taken_for_others(looks_like_one_frame))), checked=True, causes=False)
