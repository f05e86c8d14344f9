"""The front end: the definition, its corners, and the compiled twin."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trigger.beats import pack_block, unpack_block
from trigger.frontend import FastFrontEnd, FrontEnd, FrontEndConfig, FrugalPedestal

CORNERS = (0, 1, 899, 900, 901, 16382, 16383)


def block_of(rng: np.random.Generator, channels: int = 8) -> np.ndarray:
    """Noise about a pedestal, pulses, and samples at the ends of the range."""
    adc = rng.normal(900, 11, (64, channels)).round().astype(np.int64)
    adc += rng.integers(0, 40, (64, channels)) * rng.integers(0, 300) * (rng.random((64, channels)) < 0.1)
    corner = rng.random((64, channels)) < 0.05
    adc[corner] = rng.choice(CORNERS, corner.sum())
    return adc.clip(0, 16383).astype(np.uint16)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    limit=st.sampled_from([1, 2, 10]),
    ticks=st.sampled_from([1, 4, 8, 64]),
    shift=st.integers(0, 7),
    offset=st.sampled_from([0, 16, 255]),
)
def test_fast_twin_is_equal(seed: int, limit: int, ticks: int, shift: int, offset: int) -> None:
    config = FrontEndConfig(limit, ticks, shift, offset)
    slow, fast = FrontEnd(config), FastFrontEnd(config)
    rng = np.random.default_rng(seed)
    for number in range(3):
        if number == 2:
            slow.restart()
            fast.restart()
        block = block_of(rng)
        np.testing.assert_array_equal(fast.pixels(block), slow.pixels(block))
    assert (fast.made, fast.saturated, fast.clipped_low) == (slow.made, slow.saturated, slow.clipped_low)


def test_pedestal_moves_on_the_eleventh_sample_before_it_is_subtracted() -> None:
    pedestal = FrugalPedestal(limit=10)
    pedestal.step(100)
    assert [pedestal.step(200) for _ in range(12)] == [100] * 10 + [99] * 2


def test_pedestal_starts_at_the_first_sample_of_each_channel_and_window() -> None:
    fe = FastFrontEnd()
    ramp = np.tile(np.arange(8, dtype=np.uint16) * 2000, (64, 1))
    assert (fe.pixels(ramp) == 16).all()
    assert not (fe.pixels(ramp[:, ::-1]) == 16).all()  # the state is carried over
    fe.restart()
    assert (fe.pixels(ramp[:, ::-1]) == 16).all()


@pytest.mark.parametrize("fe", [FrontEnd(), FastFrontEnd()], ids=["reference", "fast"])
def test_one_pixel_by_hand(fe: FrontEnd) -> None:
    block = np.full((64, 8), 1000, np.uint16)
    block[8, :6] = 1000 + np.array([15, 16, 47, 48, 7663, 7664])  # half a count rounds up
    block[8, 6:] = 1000 - np.array([528, 529])
    assert fe.pixels(block)[1].tolist() == [16, 17, 17, 18, 255, 255, 0, 0]
    assert (fe.made, fe.saturated, fe.clipped_low) == (64, 1, 1)  # 7663 and -528 just fit


def test_samples_over_14_bits_are_refused() -> None:
    for fe in (FrontEnd(), FastFrontEnd()):
        with pytest.raises(ValueError, match="a sample is 16384, want less than 16384"):
            fe.pixels(np.full((64, 8), 16384, np.uint16))


@pytest.mark.parametrize(
    "field", ["accumulator_limit = 0", "ticks_per_pixel = 7", "shift = 16", "offset = 256"]
)
def test_settings_out_of_range_are_refused(field: str) -> None:
    name, value = field.split(" = ")
    with pytest.raises(msgspec.ValidationError, match=f"front_end.{field}"):
        msgspec.json.decode(f'{{"{name}": {value}}}', type=FrontEndConfig)


def test_beats_hold_14_bits_of_8_channels() -> None:
    adc = np.random.default_rng(1).integers(0, 1 << 14, (64, 24)).astype(np.uint16)
    beats = pack_block(adc)
    assert len(beats) == 3 * 64
    assert beats[64] & 0x3FFF == adc[0, 8]  # second group, first tick
    np.testing.assert_array_equal(unpack_block(beats), adc)
