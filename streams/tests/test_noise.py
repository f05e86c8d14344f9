"""Noise: Gaussian to 5 sigma, spectrum, independent channels and windows, common noise inside and across groups."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from streams.adc import Source, noise_tile, restart
from streams.channel_noise import plane_noise
from streams.coherent import common_taps, own_power
from streams.compiled import compiled
from streams.config import ElectronicsConfig, SimulationConfig
from streams.detector import Detector, load_detector
from streams.geometry.groups import groups
from streams.noise_filter import filter_tile, minimum_phase, padded, power_of
from streams.readout import PlaneReadout
from streams.rng import key
from streams.white import TILE, fill_white, quantiles

DETECTOR = load_detector("fd1-hd-apa")
TAPS = plane_noise(ElectronicsConfig(), DETECTOR, "X").taps


def source(taps: np.ndarray = TAPS, tiles: int = 1, seed: int = 1) -> Source:
    return Source(
        np.uint64(key(seed, 1, 2, 3)), quantiles(), taps, np.zeros((tiles, len(taps) * TILE), np.float32)
    )


def noise(of: Source, blocks: int, tile: int = 0, first_tick: int = 0) -> np.ndarray:
    """Return noise of r.m.s. 1, float32 (64 * blocks, 32)."""
    restart(of, first_tick)
    white = np.empty((len(of.taps) + 64) * TILE, np.float32)
    out = np.empty((blocks, 64 * TILE), np.float32)
    for n in range(blocks):
        noise_tile(of, tile, first_tick + 64 * n, white, out[n])
    return out.reshape(-1, TILE)


def samples(plane: str, blocks: int, detector: Detector = DETECTOR, **electronics: float) -> np.ndarray:
    """Return counts less their mean, float64 (64 * blocks, channels)."""
    config = SimulationConfig(seed=8, electronics=ElectronicsConfig(**electronics))
    of = PlaneReadout(config, detector, plane)
    signal = np.zeros((64, of.channels), np.float32)
    counts = np.concatenate([of.block(64 * n, signal) for n in range(blocks)]).astype(np.float64)
    return counts - counts.mean(axis=0)


@compiled
def moments(of: Source, blocks: int, limits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of the powers 1 to 4 of ``blocks`` tiles of noise, and how many of them pass each limit."""
    first = second = third = fourth = 0.0
    counts = np.zeros((2, len(limits)), np.int64)
    white, out = np.empty((len(of.taps) + 64) * TILE, np.float32), np.empty(64 * TILE, np.float32)
    for n in range(blocks):
        noise_tile(of, 0, 64 * n, white, out)
        for z in out:
            first, second, third, fourth = first + z, second + z * z, third + z**3, fourth + z**4
        for i in range(len(limits)):
            for z in out:
                counts[0, i] += np.int64(z > limits[i])
                counts[1, i] += np.int64(z < -limits[i])
    return np.array((first, second, third, fourth)), counts


def exact_tail(z: np.ndarray) -> np.ndarray:
    """Return the probability that the noise is above ``z`` r.m.s., by the characteristic function of the table."""
    half = quantiles()[32768:].astype(np.float64)
    t = (np.arange(76) + 0.5) * 0.125  # sums repeat after 2 pi / 0.125 = 50 r.m.s.; exp(-9.5^2 / 2) is 3e-20
    transform = np.ones(len(t))
    for tap in TAPS.astype(np.float64):
        transform *= np.array([np.cos(half * (x * tap)).mean() for x in t])
    return 0.5 - (np.sin(np.outer(z, t)) * transform / t).sum(axis=1) * 0.125 / np.pi


def test_the_tails_are_normal_to_six_sigma() -> None:
    z = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    ratio = exact_tail(z) / ndtr(-z)
    assert (np.abs(ratio - 1) < [1e-9, 1e-4, 1e-4, 2e-4, 0.002, 0.015, 0.1]).all(), ratio


def test_moments_and_tails_as_drawn() -> None:
    blocks = 10_000
    n = blocks * 64 * TILE  # 20 million
    limits = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    sums, counts = moments(source(), blocks, limits)
    mean, square, cube, fourth = sums / n
    # Noise repeats itself over a few ticks: the sum of the squared autocorrelation is 1.1 on each side.
    worth = n / 3.3
    assert abs(mean) < 4 * np.sqrt(TAPS.sum() ** 2 / n)
    assert abs(square - 1) < 4 * np.sqrt(2 / worth)
    assert abs(cube) < 4 * np.sqrt(15 / worth)
    assert abs(fourth - 3) < 4 * np.sqrt(96 / worth)
    want = n * ndtr(-limits)
    for found in counts:
        assert (np.abs(found - want) < 4 * np.sqrt(want * 3.3)).all(), (found, want)
    assert counts[:, 4].min() > 0  # it does reach 5 sigma


def test_the_table_has_variance_one() -> None:
    table = quantiles().astype(np.float64)
    assert abs(np.mean(table**2) - 1) < 1e-6
    assert abs(np.mean(table)) < 1e-7
    assert abs(np.mean(table**4) - 3) < 1e-4
    assert (np.diff(table) > 0).all()
    np.testing.assert_allclose(table, ndtri((np.arange(65536) + 0.5) / 65536), atol=0.1)
    assert np.array_equal(table, -table[::-1])


@pytest.mark.parametrize("taps", [16, 48])
def test_the_filter_is_a_convolution(taps: int) -> None:
    random = np.random.default_rng(3)
    gains = padded(random.normal(size=taps))
    white = random.normal(size=(taps + 64, TILE)).astype(np.float32)
    out = np.empty(64 * TILE, np.float32)
    filter_tile(white.ravel(), gains, out)
    want = [np.convolve(white[1:, c].astype(float), gains.astype(float), "valid") for c in range(TILE)]
    np.testing.assert_allclose(out.reshape(64, TILE), np.transpose(want), atol=2e-6)


def test_taps_are_filled_up() -> None:
    assert len(padded(np.ones(3))) == 16
    assert len(padded(np.ones(17))) == 32
    assert abs(np.sum(padded(np.ones(17)) ** 2) - 1) < 1e-6


def test_minimum_phase_has_the_spectrum() -> None:
    frequency = np.abs(np.fft.fftfreq(4096))
    power = power_of(np.array(DETECTOR.noise["X"].taps), frequency)
    taps = minimum_phase(power, 64)
    np.testing.assert_allclose(power_of(taps, frequency) / power.mean(), power / power.mean(), atol=2e-3)
    early = np.cumsum(taps**2)
    assert early[0] > 0.15
    assert early[15] > 0.9999


def test_white_numbers_do_not_depend_on_the_cut() -> None:
    whole = np.empty(200 * TILE, np.float32)
    fill_white(np.uint64(5), 3, -100, quantiles(), whole)
    for first, ticks in ((-100, 7), (-1, 2), (63, 37)):
        part = np.empty(ticks * TILE, np.float32)
        fill_white(np.uint64(5), 3, first, quantiles(), part)
        start = (first + 100) * TILE
        assert np.array_equal(part, whole[start : start + len(part)])


def white(tile: int, first_tick: int, seed: int = 5) -> np.ndarray:
    """Return 65 536 ticks of white numbers, float64 (65 536, 32)."""
    out = np.empty(65536 * TILE, np.float32)
    fill_white(np.uint64(key(seed, 1, 0, 0)), tile, first_tick, quantiles(), out)
    return out.reshape(-1, TILE).astype(np.float64)


def test_no_window_comes_back() -> None:
    here = np.fft.rfft(white(0, 0), axis=0)
    # Windows later, much later, before, in the next channels, of another seed: at every shift of 65 536 ticks.
    others = (white(0, 65536), white(0, 1 << 40), white(0, -(1 << 20)), white(1, 0), white(0, 0, seed=6))
    for other in others:
        matched = np.fft.irfft(here * np.conj(np.fft.rfft(other, axis=0)), axis=0) / 65536
        assert abs(matched.std() * 256 - 1) < 0.01
        assert np.abs(matched).max() < 6.5 / 256  # 2 million numbers of width 1/256
    for shift in (1, 5, 16, 31):
        matched = np.fft.irfft(here * np.conj(np.roll(here, shift, axis=1)), axis=0) / 65536
        assert np.abs(matched).max() < 6.5 / 256


def test_a_tile_has_room_for_9_years() -> None:
    def start(tile: int, tick: int) -> bytes:
        out = np.empty(TILE, np.float32)
        fill_white(np.uint64(5), tile, tick, quantiles(), out)
        return out.tobytes()

    places = [
        (tile, tick)
        for tile in range(40)
        for tick in (0, *(sign << k for k in range(48) for sign in (1, -1)))
    ]
    assert len({start(*place) for place in places}) == len(places)


def test_ticks_are_white() -> None:
    x = white(0, 0)
    power = np.abs(np.fft.rfft(x, axis=0)) ** 2 / 65536
    assert abs(power.mean() - 1) < 0.003
    smooth = power[1:].reshape(128, -1).mean(axis=1)  # each of 256 bins x 32 channels: width 1.1 %
    assert np.abs(smooth - 1).max() < 0.05


def test_spectral_peak() -> None:
    for plane in ("U", "X"):
        pieces = samples(plane, 128).reshape(16, 512, -1) * np.hanning(512)[None, :, None]
        power = np.mean(np.abs(np.fft.rfft(pieces, axis=1)) ** 2, axis=(0, 2))
        frequency_khz = np.fft.rfftfreq(512, 512e-6)
        assert 105 <= frequency_khz[power.argmax()] <= 135  # bins of 3.8 kHz, flat top


def test_the_whole_spectrum_is_the_published_one() -> None:
    preset = DETECTOR.noise["X"]
    frequency = np.abs(np.fft.fftfreq(4096))
    wanted = power_of(np.array(preset.taps), frequency)
    wanted /= wanted.mean()
    share = (preset.coherent_adc / preset.rms_adc) ** 2
    common = power_of(common_taps(), frequency)
    total = (1 - share) * power_of(TAPS, frequency) + share * common / common.mean()
    np.testing.assert_allclose(np.fft.ifft(total).real[:30], np.fft.ifft(wanted).real[:30], atol=0.01)
    for low, high in ((0, 0.025), (0.025, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.3)):
        band = (low <= frequency) & (frequency < high)
        assert abs(total[band].mean() / wanted[band].mean() - 1) < 0.03


@pytest.mark.parametrize(("plane", "most_adc"), [("X", 3.9), ("U", 5.1)])
def test_how_much_can_be_common(plane: str, most_adc: float) -> None:
    power = power_of(np.array(DETECTOR.noise[plane].taps), np.abs(np.fft.fftfreq(4096)))
    common = power_of(common_taps(), np.abs(np.fft.fftfreq(4096)))
    share = np.min(power / power.mean() / (common / common.mean()))
    assert abs(np.sqrt(share) * DETECTOR.noise[plane].rms_adc - most_adc) < 0.06
    assert DETECTOR.noise[plane].coherent_adc < most_adc


def test_too_much_common_noise_keeps_the_total() -> None:
    power = power_of(np.array(DETECTOR.noise["X"].taps), np.abs(np.fft.fftfreq(4096)))
    for share in (0.0, 0.04, 0.3, 0.9):
        own = own_power(power, share)
        assert (own > 0).all()
        assert abs(own.mean() / power.mean() - (1 - share)) < 1e-9
    np.testing.assert_allclose(own_power(power, 0.0), power)


@pytest.mark.parametrize(("plane", "coherent", "fembs"), [("X", None, 20), ("U", 6.0, 20), ("U", 6.0, 200)])
def test_correlation_inside_and_across_groups(plane: str, coherent: float | None, fembs: int) -> None:
    detector = DETECTOR
    if fembs != 20:  # many groups in a tile of 32 channels, and more than 32 groups
        detector = msgspec.structs.replace(DETECTOR, fembs=fembs, channel_map="even")
    z = samples(plane, 256, detector, **({} if coherent is None else {"coherent_adc": coherent}))
    published = 10.83 if plane == "X" else 13.85
    assert abs(z.std() / published - 1) < 0.01  # the total stays
    z /= z.std(axis=0)
    matrix = z.T @ z / len(z)
    femb = groups(detector)[plane].femb
    same = (femb[:, None] == femb[None, :]) & ~np.eye(len(femb), dtype=bool)
    other = femb[:, None] != femb[None, :]
    share = (2.2 / 10.83 if coherent is None else coherent / published) ** 2
    assert abs(matrix[same].mean() - share) < 0.003 + 0.03 * share
    assert abs(matrix[other].mean()) < 0.001 + 0.01 * share
    # 16 384 ticks; independent channels would have sqrt(3.3 / 16 384) = 0.014.
    assert np.abs(matrix[other]).max() < 0.10 + 0.3 * share


def test_the_common_noise_is_slow() -> None:
    z = samples("X", 256, coherent_adc=6.0)
    femb = groups(DETECTOR)["X"].femb
    common = z[:, femb == 7].mean(axis=1)
    power = np.mean(np.abs(np.fft.rfft(common.reshape(-1, 256) * np.hanning(256), axis=1)) ** 2, axis=0)
    frequency_khz = np.fft.rfftfreq(256, 512e-6)
    assert 20 <= frequency_khz[power.argmax()] <= 60


def test_without_common_noise() -> None:
    z = samples("X", 128, coherent_adc=0.0)
    assert abs(z.std() / 10.83 - 1) < 0.01
    z /= z.std(axis=0)
    matrix = z.T @ z / len(z)
    off = matrix[~np.eye(960, dtype=bool)]
    # 8 192 ticks with this autocorrelation: sigma = sqrt((1 + 2 sum of rho^2) / 8192) = 0.0197; 460 000 pairs.
    assert abs(np.std(off) - 0.0197) < 0.001
    assert np.abs(off).max() < 0.12
