"""Readout of any plane: published noise, the same bytes however the run is cut, pedestals, gain, coupling, faults."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from streams.adc import OWN
from streams.channel_noise import plane_noise, wire_lengths
from streams.config import ElectronicsConfig, SimulationConfig
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.readout import PlaneReadout

DETECTOR = load_detector("fd1-hd-apa")
SILENT = {"noise_scale": 0.0, "coherent_adc": 0.0}
RMS = {"U": 13.85, "V": 13.85, "X": 10.83}  # reference section 9.1.6
FIRST = {"U": 0, "V": 800, "X": 1600}


def readout(plane: str, seed: int = 1, **electronics: object) -> PlaneReadout:
    config = SimulationConfig(seed=seed, electronics=ElectronicsConfig(**electronics))
    return PlaneReadout(config, DETECTOR, plane)


def silence(of: PlaneReadout) -> np.ndarray:
    return np.zeros((64, of.channels), np.float32)


def samples(of: PlaneReadout, blocks: int) -> np.ndarray:
    """Return counts without signal, uint16 (64 * blocks, channels)."""
    return np.concatenate([of.block(64 * n, silence(of)) for n in range(blocks)])


@pytest.mark.parametrize("plane", "UVX")
def test_noise_of_each_plane(plane: str) -> None:
    adc = samples(readout(plane, seed=8), 64).astype(np.float64)
    z = adc - adc.mean(axis=0)
    power = np.mean(z**2)
    assert abs(np.sqrt(power) / RMS[plane] - 1) < 0.01  # 3 % asked
    got = [np.mean(z[: len(z) - lag] * z[lag:]) / power for lag in range(6)]
    np.testing.assert_allclose(got, [1, 0.83, 0.50, 0.15, -0.09, -0.21], atol=0.012)  # section 9.6
    each = z.std(axis=0)
    assert 0.9 * RMS[plane] < each.min() < each.max() < 1.1 * RMS[plane]


def test_wire_lengths() -> None:
    # Reference section 9.1.14: 7.37 to 7.40 m; table of APA parameters of the TDR: 5.984 m.
    for plane, low, high in (("U", 7370, 7402), ("V", 7370, 7402), ("X", 5983, 5985)):
        length = wire_lengths(DETECTOR, plane)
        assert len(length) == DETECTOR.planes[plane].channels
        assert low < length.min() <= length.max() < high


def test_noise_goes_with_the_wire_length() -> None:
    noise = plane_noise(ElectronicsConfig(), DETECTOR, "U")
    total = np.hypot(noise.own_adc, noise.common_adc)
    np.testing.assert_allclose(total, 13.85 * (0.5 + 0.5 * wire_lengths(DETECTOR, "U") / 7395.0))


@pytest.mark.parametrize("plane", "UVX")
def test_another_detector(plane: str) -> None:
    strips = load_detector("fd2-vd-bottom")
    of = PlaneReadout(SimulationConfig(), strips, plane)
    each = samples(of, 64).astype(float).std(axis=0)
    want = 5.93 if plane == "X" else 7.57
    share = 0.5 + 0.5 * wire_lengths(strips, plane) / strips.planes[plane].wire_length_mm
    assert abs(np.mean(each / share) / want - 1) < 0.02
    assert each.min() > 0.45 * want  # the shortest strips


@pytest.mark.parametrize("plane", "UVX")
def test_any_block_can_be_read_alone(plane: str) -> None:
    whole = samples(readout(plane), 6)
    for n in (5, 2, 3, 4, 0):  # out of order, in order, from the start again
        alone = readout(plane)
        assert np.array_equal(alone.block(64 * n, silence(alone)), whole[64 * n : 64 * n + 64])
    again = readout(plane)
    for n in (5, 2, 3, 4, 0):
        assert np.array_equal(again.block(64 * n, silence(again)), whole[64 * n : 64 * n + 64])
    assert not np.array_equal(samples(readout(plane, seed=2), 1), whole[:64])


def test_the_planes_read_out_do_not_matter() -> None:
    alone = PlaneReadout(SimulationConfig(seed=1, planes=("X",)), DETECTOR, "X")
    assert np.array_equal(samples(alone, 2), samples(readout("X"), 2))


def test_last_bits_of_the_constants_hardly_matter() -> None:
    """Machines may differ in the last bit of exp and cos; here taps, table and r.m.s. are off by eight times that."""
    for plane in "UVX":
        plain = samples(readout(plane), 20).astype(int)
        of = readout(plane)
        off = np.float32(1 + 2**-20)
        of._own = of._own._replace(taps=of._own.taps * off, table=of._own.table * off)
        of._common = of._common._replace(taps=of._common.taps / off)
        lanes = of._chain.lanes.copy()
        lanes[:, OWN:] *= off
        of._chain = of._chain._replace(lanes=lanes)
        difference = np.abs(samples(of, 20).astype(int) - plain)
        assert difference.max() <= 1
        assert 0 < np.mean(difference > 0) < 1e-4


def test_the_planes_have_their_own_numbers() -> None:
    u, v, x = (samples(readout(plane), 1)[:, :800].astype(float) for plane in "UVX")
    for one, other in ((u, v), (u, x), (v, x)):
        correlation = np.corrcoef((one - one.mean(0)).ravel(), (other - other.mean(0)).ravel())[0, 1]
        assert abs(correlation) < 0.03  # 51 200 samples; the common noise counts as 20 channels


@pytest.mark.parametrize("plane", "UVX")
def test_counts_are_the_nearest_integers_to_the_pedestals(plane: str) -> None:
    of = readout(plane, **SILENT)
    assert np.array_equal(samples(of, 1), np.tile(np.floor(of.pedestal + 0.5), (64, 1)))
    assert abs(of.pedestal.mean() - (3601 if plane == "X" else 9402)) < 4
    assert abs(of.pedestal.std() - 30) < 3
    assert abs(of.gain.mean() - 1) < 0.003
    assert abs(of.gain.std() - 0.022) < 0.002
    assert len(np.unique(of.pedestal)) == of.channels
    assert not of.clipped.any()


def test_gain_and_coupling() -> None:
    of = readout("X", **SILENT)
    signal = np.zeros((200, 64, 960), np.float32)
    signal[0, 40:60, 7] = 3000.0
    adc = np.concatenate([of.block(64 * n, s) for n, s in enumerate(signal)])[:, 7]
    rise = adc.astype(int) - int(adc[0])
    assert abs(rise[40] - 3000 * of.gain[7]) <= 1
    # The droop after the pulse is area times tick / RC and decays with 1.1 ms.
    droop = 60_000 * of.gain[7] * 0.512 / 1100
    assert abs(rise[100] + droop * np.exp(-50 * 0.512 / 1100)) < 1.5
    assert abs(rise[100 + 2148] + droop * np.exp(-50 * 0.512 / 1100) / np.e) < 1.5
    assert abs(rise[-1]) <= 1
    assert not np.delete(samples(of, 1).astype(int) - samples(of, 1), 7, axis=1).any()


def test_without_coupling_a_step_stays() -> None:
    of = readout("X", ac_coupling_ms=0.0, **SILENT)
    adc = [of.block(64 * n, np.full((64, 960), 1000.0, np.float32)) for n in range(100)]
    assert np.array_equal(adc[0][0], adc[-1][-1])
    assert abs(adc[0][0].mean() - 4601) < 5


def test_a_skipped_block_is_coupled() -> None:
    signal = np.full((64, 960), 2000.0, np.float32)
    read, skipped = readout("X"), readout("X")
    for n in range(3):
        read.block(64 * n, signal)
        skipped.skip(signal)
    assert np.array_equal(read.block(192, signal), skipped.block(192, signal))
    assert not np.array_equal(readout("X").block(192, signal), read.block(192, signal))


def test_clipping_is_counted() -> None:
    of = readout("X")
    signal = silence(of)
    signal[10:15, 3], signal[20:22, 900] = 40_000.0, -40_000.0
    adc = of.block(0, signal)
    assert (adc[10:15, 3] == 16383).all()
    assert (adc[20:22, 900] == 0).all()
    assert np.flatnonzero(of.clipped).tolist() == [3, 900]
    assert of.clipped[[3, 900]].tolist() == [5, 2]


@pytest.mark.parametrize("plane", "UVX")
def test_dead_channels_read_their_pedestal(plane: str) -> None:
    of = readout(plane, dead_channels=(FIRST[plane] + 5, FIRST[plane] + 799))
    adc = of.block(0, np.full((64, of.channels), 500.0, np.float32))
    for channel in (5, 799):
        assert (adc[:, channel] == np.floor(of.pedestal[channel] + 0.5)).all()
    others = np.delete(adc, [5, 799], axis=1)
    assert np.array_equal(
        others,
        np.delete(readout(plane).block(0, np.full((64, of.channels), 500.0, np.float32)), [5, 799], axis=1),
    )


def test_noisy_channels_have_all_their_noise_multiplied() -> None:
    of = readout("U", noisy_channels={4: 5.0, 6: 0.5, 900: 3.0}, coherent_adc=8.0)
    adc = samples(of, 64).astype(float)
    each = adc.std(axis=0)
    assert abs(each[4] / (5 * 13.85) - 1) < 0.06
    assert abs(each[6] / (0.5 * 13.85) - 1) < 0.06
    assert np.delete(each, 4).max() < 1.15 * 13.85


def test_stuck_bits() -> None:
    plain, of = samples(readout("V"), 2), readout("V", stuck_bits={803: (0x0041, 0x1FC0), 2: (0x3FFF, 0)})
    adc = samples(of, 2)
    assert np.array_equal(adc[:, 3], (plain[:, 3] & ~np.uint16(0x41)) | np.uint16(0x40))
    assert np.array_equal(np.delete(adc, 3, axis=1), np.delete(plain, 3, axis=1))


def test_sticky_codes() -> None:
    plain, of = samples(readout("X"), 40), readout("X", sticky_codes={1607: 0.3, 1608: 1.0})
    adc = samples(of, 40)
    changed = adc[:, 7] != plain[:, 7]
    assert abs(changed.mean() - 0.3) < 0.04
    assert set(np.unique(adc[changed, 7] & 0x3F)) <= {0x00, 0x3F}
    assert np.array_equal(adc[:, 7] >> 6, plain[:, 7] >> 6)
    assert np.abs(adc[:, 7].astype(int) - plain[:, 7]).max() <= 31
    assert np.isin(adc[:, 8] & 0x3F, (0x00, 0x3F)).all()
    assert np.array_equal(np.delete(adc, [7, 8], axis=1), np.delete(plain, [7, 8], axis=1))
    assert np.array_equal(
        readout("X", sticky_codes={1607: 0.3}).block(640, silence(of))[:, 7], adc[640:704, 7]
    )


BAD = {
    "dead": ({"dead_channels": (2560,)}, "electronics.dead_channels: got channel 2560, want 0 to 2559"),
    "noisy": ({"noisy_channels": {-1: 2.0}}, "electronics.noisy_channels: got channel -1, want 0 to 2559"),
    "factor": ({"noisy_channels": {1: float("nan")}}, "noisy_channels.1: got nan, want a factor of 0 to 100"),
    "mask": (
        {"stuck_bits": {1: (0x4000, 0)}},
        r"stuck_bits.1: got \[16384, 0\], want mask and value of 0 to 16383",
    ),
    "chance": ({"sticky_codes": {1: 1.5}}, "sticky_codes.1: got 1.5, want a probability of 0 to 1"),
    "coherent": ({"coherent_adc": 10.83}, "coherent_adc: got 10.83, want 0 to less than 10.83 ADC"),
    "coherent nan": ({"coherent_adc": float("nan")}, "coherent_adc: got nan, want 0 to less than 10.83 ADC"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_electronics(name: str) -> None:
    electronics, message = BAD[name]
    with pytest.raises(ConfigError, match=message):
        readout("X", **electronics)


def test_signal_of_another_shape_or_type() -> None:
    of = readout("U")
    for wrong in (np.zeros((64, 960), np.float32), np.zeros((32, 800), np.float32), np.zeros((64, 800))):
        for call in (of.skip, lambda signal: of.block(0, signal)):
            with pytest.raises(ValueError, match=r"signal: got .*, want float32 \(64, 800\)"):
                call(wrong)


def test_electronics_come_from_toml() -> None:
    text = (
        b"dead_channels = [3]\n[noisy_channels]\n7 = 2.0\n[stuck_bits]\n9 = [3, 1]\n[sticky_codes]\n5 = 0.1\n"
    )
    electronics = msgspec.toml.decode(text, type=ElectronicsConfig)
    assert electronics.noisy_channels == {7: 2.0}
    assert electronics.stuck_bits == {9: (3, 1)}
