"""Wire-Cell noise spectra: r.m.s. and shape as published, by length, and one sentence for each bad file."""

from __future__ import annotations

import bz2
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from streams.channel_noise import plane_noise
from streams.config import ElectronicsConfig, SimulationConfig
from streams.detector import load_detector
from streams.errors import ConfigError, UserError
from streams.noise_filter import power_of
from streams.noise_spectra import NoiseSpectra, read
from streams.readout import PlaneReadout

DETECTOR = load_detector("fd1-hd-apa")
SHARED = Path(__file__).parents[3] / "shared/data/response"
# Every 20 kHz or more of protodunehd-noise-spectra-14mVfC-v1 (Wire-Cell): kHz, and 1e-9 of Wire-Cell's unit.
KHZ = [0, 40, 80, 100, 120, 140, 160, 180, 200, 220, 240, 260, 280, 300, 350, 400, 500, 600, 700, 850, 977]
X = [92.8, 100.8, 124.7, 131.5, 134.9, 133.7, 129.4, 122.1, 112.1, 100.7, 89.1, 77.8, 66.9, 57.1]
X += [38.3, 25.9, 13.2, 7.9, 4.8, 1.5, 0.0]
V = [106.0, 136.5, 157.2, 166.6, 171.6, 171.0, 165.7, 156.2, 144.0, 129.5, 114.8, 100.1, 86.3, 74.2]
V += [49.7, 33.7, 17.5, 10.3, 6.5, 2.2, 0.0]
GAIN = 14e-9 / 6241.509  # 14 mV/fC in Wire-Cell's units


def entry(plane: int, length: float, amplitudes: list[float], const: float) -> dict[str, object]:
    return {
        "period": 512.0,
        "nsamples": 6000,
        "gain": GAIN,
        "shaping": 2200.0,
        "plane": plane,
        "wirelen": length,
        "const": const * 1e-9,
        "freqs": [khz * 1e-6 for khz in KHZ],
        "amps": [value * 1e-9 for value in amplitudes],
    }


def published() -> list[dict[str, object]]:
    lengths = {0: (7350.0, 7450.0), 1: (7350.0, 7450.0), 2: (5950.0, 6050.0)}
    values = {0: (V, 13.95), 1: (V, 13.95), 2: (X, 11.32)}
    return [entry(plane, length, *values[plane]) for plane in range(3) for length in lengths[plane]]


def written(folder: Path, entries: object, name: str = "spectra.json") -> Path:
    path = folder / name
    text = json.dumps(entries).encode()
    path.write_bytes(bz2.compress(text) if name.endswith("bz2") else text)
    return path


def spectra(path: Path) -> NoiseSpectra:
    return read(path, tick_ns=512.0, uv_per_adc=85.449)


@pytest.fixture(params=["re-typed", "the file"])
def published_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "re-typed":
        return written(tmp_path, published(), "spectra.json.bz2")
    path = SHARED / "protodunehd-noise-spectra-14mVfC-v1.json.bz2"
    if not path.exists():
        pytest.skip("the Wire-Cell noise spectra are not here (shared/data/response)")
    return path


def test_rms_is_the_published_one(published_file: Path) -> None:
    found = spectra(published_file)
    assert found.gain_mv_per_fc == 14.0
    # Reference section 9.1.6: 10.83 (X), 13.85 (U, V; the file has a second spectrum of U, 13.64).
    for plane, length, want, allowed in (
        ("X", 5984, 10.83, 0.03),
        ("V", 7373, 13.85, 0.03),
        ("U", 7395, 13.8, 0.07),
    ):
        assert abs(found.rms_adc(plane, np.array([length]))[0] - want) < allowed


def test_rms_at_the_other_gain() -> None:
    path = SHARED / "protodunehd-noise-spectra-7d8mVfC-v1.json.bz2"
    if not path.exists():
        pytest.skip("the Wire-Cell noise spectra are not here (shared/data/response)")
    preset = load_detector("fd2-vd-bottom").noise  # re-typed there
    found = spectra(path)
    assert found.gain_mv_per_fc == 7.8
    for plane, length in (("X", 5984), ("V", 7373)):
        assert abs(found.rms_adc(plane, np.array([length]))[0] - preset[plane].rms_adc) < 0.01


def test_autocorrelation_and_peak(published_file: Path) -> None:
    power = spectra(published_file).power("X", 5984.0)
    correlation = np.fft.ifft(power).real
    np.testing.assert_allclose(
        correlation[:6] / correlation[0], [1, 0.83, 0.50, 0.15, -0.09, -0.21], atol=0.012
    )
    assert 110 <= np.abs(np.fft.fftfreq(4096, 512e-6))[power.argmax()] <= 130  # reference section 6


@pytest.mark.parametrize("plane", "UX")
def test_samples_have_the_spectrum_of_the_file(published_file: Path, plane: str) -> None:
    wanted = spectra(published_file)
    config = SimulationConfig(seed=3, electronics=ElectronicsConfig(noise_spectra=str(published_file)))
    of = PlaneReadout(config, DETECTOR, plane)
    signal = np.zeros((64, of.channels), np.float32)
    adc = np.concatenate([of.block(64 * n, signal) for n in range(96)]).astype(np.float64)
    adc -= adc.mean(axis=0)
    length = DETECTOR.planes[plane].wire_length_mm
    assert abs(adc.std() / wanted.rms_adc(plane, np.array([length]))[0] - 1) < 0.01  # 3 % asked
    power = np.fft.fftshift(wanted.power(plane, length))
    window = np.hanning(512)
    pieces = adc.reshape(12, 512, -1) * window[None, :, None]
    found = np.mean(np.abs(np.fft.rfft(pieces, axis=1)) ** 2, axis=(0, 2)) / np.sum(window**2)
    khz = np.fft.rfftfreq(512, 512e-6)
    fine = np.fft.fftshift(np.fft.fftfreq(4096, 512e-6))
    for low, high in ((20, 60), (60, 110), (110, 150), (150, 200), (200, 300), (300, 450)):
        want = power[(low <= fine) & (fine < high)].mean()
        assert abs(found[(low <= khz) & (khz < high)].mean() / want - 1) < 0.03


def test_the_filter_of_32_taps_is_enough(published_file: Path) -> None:
    electronics = ElectronicsConfig(noise_spectra=str(published_file), coherent_adc=0.0)
    for plane in "UVX":
        noise = plane_noise(electronics, DETECTOR, plane)
        want = np.fft.ifft(spectra(published_file).power(plane, DETECTOR.planes[plane].wire_length_mm)).real
        found = np.fft.ifft(power_of(noise.taps, np.fft.fftfreq(4096))).real
        np.testing.assert_allclose(found[:100], want[:100] / want[0], atol=0.008)


def test_between_and_beyond_the_lengths(tmp_path: Path) -> None:
    entries = [entry(plane, length, V, 0.0) for plane in (0, 1, 2) for length in (1000.0, 3000.0)]
    for one in entries:
        if one["wirelen"] == 3000.0:
            one["amps"] = [2 * value for value in one["amps"]]
    found = spectra(written(tmp_path, entries))
    rms = found.rms_adc("U", np.array([500.0, 1000.0, 2000.0, 3000.0, 9000.0]))
    np.testing.assert_allclose(rms / rms[0], [1, 1, math.sqrt(2.5), 2, 2])
    np.testing.assert_allclose(found.power("U", 2000.0), 2.5 * found.power("U", 0.0))
    np.testing.assert_allclose(
        [found.power("X", length).mean() for length in (1500.0, 9000.0)],
        [1.75 * rms[0] ** 2, 4 * rms[0] ** 2],
    )


def test_spectra_of_one_length_are_averaged(tmp_path: Path) -> None:
    twice = [entry(0, 7350.0, [2 * value for value in V], 0.0)]
    found = spectra(written(tmp_path, [entry(plane, 7350.0, V, 0.0) for plane in range(3)] + twice))
    ratio = found.rms_adc("U", np.array([7350.0])) / found.rms_adc("V", np.array([7350.0]))
    assert abs(ratio[0] - math.sqrt(2.5)) < 1e-12


def test_a_file_of_another_gain(tmp_path: Path) -> None:
    path = written(tmp_path, published())
    electronics = ElectronicsConfig(noise_spectra=str(path), gain_mv_per_fc=7.8)
    with pytest.raises(
        ConfigError, match=r"spectra.json is for 14 mV/fC, the gain is 7.8 mV/fC: want one for both"
    ):
        plane_noise(electronics, DETECTOR, "X")


def test_the_other_gain_scales_the_preset() -> None:
    noise = plane_noise(ElectronicsConfig(gain_mv_per_fc=7.8), DETECTOR, "X")
    total = np.hypot(noise.own_adc, noise.common_adc)
    assert abs(total.mean() / 5.93 - 1) < 0.03  # protodunehd-noise-spectra-7d8mVfC-v1


Change = Callable[[list[dict]], object]


def put(number: int, **values: object) -> Change:
    def change(entries: list[dict]) -> None:
        entries[number].update(values)

    return change


def amplitudes(factor: float) -> Change:
    def change(entries: list[dict]) -> None:
        for one in entries:
            one["amps"] = [factor * value for value in one["amps"]]
            one["const"] *= factor

    return change


def no_plane_1(entries: list[dict]) -> None:
    entries[:] = [one for one in entries if one["plane"] != 1]


BACK = [khz * 1e-6 for khz in KHZ[:5] + KHZ[6:4:-1] + KHZ[7:]]
HOLE = [khz * 1e-6 for khz in KHZ if not 150 < khz < 350]
BAD: dict[str, tuple[Change, str]] = {
    "volts": (amplitudes(1e6), r"plane U, 7350 mm, make 1.3.e\+07 ADC r.m.s., want 0.2 to 200: .* \(1 mV is 1e-9\)"),
    "millivolts": (amplitudes(1e9), r"make 1.3.e\+10 ADC r.m.s., want 0.2 to 200"),
    "ADC per bin": (amplitudes(1e-3), r"make 0.0139 ADC r.m.s., want 0.2 to 200"),
    "a plane is missing": (no_plane_1, r"no noise spectrum of plane 1 \(V\): want planes 0, 1 and 2"),
    "no spectra": (lambda entries: entries.clear(), r"no noise spectrum of plane 0 \(U\)"),
    "plane 3": (put(5, plane=3), r"noise spectrum 5 \(plane 3\): want plane 0, 1 or 2"),
    "frequencies back": (put(2, freqs=BACK), r"noise spectrum 2 \(plane 1\): frequencies do not grow"),
    "a frequency twice": (put(0, freqs=[0.0, *[k * 1e-6 for k in KHZ[:-1]]]), "frequencies do not grow"),
    "a gap": (put(1, freqs=HOLE, amps=V[: len(HOLE)]), "a gap between 0.00014 and 0.00035 GHz: want steps of at most"),
    "in MHz": (put(1, freqs=[k * 1e-3 for k in KHZ]), "frequencies from 0 to 0.977 GHz, want 0 to 0.00097"),
    "half the band": (put(1, freqs=[k * 5e-7 for k in KHZ]), "from 0 to 0.0004885 GHz, want 0 to 0.00097"),
    "negative": (put(3, amps=[-1.0, *V[1:]]), r"noise spectrum 3 \(plane 1\): a negative amplitude"),
    "negative const": (put(3, const=-1e-9), "a negative amplitude"),
    "zero": (put(3, amps=[0.0] * 21), "all amplitudes are 0"),
    "fewer amplitudes": (put(4, amps=V[:-1]), "21 frequencies and 20 amplitudes, want as many"),
    "one frequency": (put(4, amps=[1e-7], freqs=[0.0]), "1 frequencies, want at least 2"),
    "period": (put(4, period=500.0), r"noise spectrum 4 \(plane 2\): period 500 ns, want 512 ns"),
    "length": (put(4, wirelen=0.0), "wire length 0 mm, want more than 0"),
    "samples": (put(4, nsamples=1), "nsamples 1, want at least 2"),
    "two gains": (put(4, gain=GAIN / 2), r"noise spectra of gains \[7.0, 14.0\] mV/fC together: want one"),
    "no number": (put(4, amps=[float("nan"), *V[1:]]), "not Wire-Cell's JSON .*: give a file as in wire-cell-data"),
    "infinite": (put(4, const=float("inf")), "not Wire-Cell's JSON"),
    "text": (put(4, plane="X"), r"not Wire-Cell's JSON \(Expected `int`, got `str` - at `\$\[4\].plane`\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_spectra(name: str, tmp_path: Path) -> None:
    change, message = BAD[name]
    entries = published()
    change(entries)
    path = written(tmp_path, entries)
    with pytest.raises(UserError, match=message) as caught:
        spectra(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert "\n" not in sentence


def test_unreadable_files(tmp_path: Path) -> None:
    whole = bz2.compress(json.dumps(published()).encode())
    cases = {
        "absent.json": (None, "noise spectra cannot be read: No such file or directory"),
        "cut.json.bz2": (whole[: len(whole) // 2], "noise spectra: truncated after"),
        "empty.json.bz2": (b"", "noise spectra: truncated after 0 bytes"),
        "plain.json.bz2": (b"[]" * 50, "noise spectra: no bz2 file"),
        "cut.json": (json.dumps(published()).encode()[:900], "not Wire-Cell's JSON"),
        "packed.json": (whole, "not Wire-Cell's JSON"),
        "object.json": (b"{}", "not Wire-Cell's JSON"),
    }
    for name, (data, message) in cases.items():
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(UserError, match=message) as caught:
            spectra(path)
        assert str(caught.value).startswith(f"{path}: ")
