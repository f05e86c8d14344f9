"""The noise of each channel of a plane: filter and r.m.s. of its own part, r.m.s. of the part common to its board.

Without a file the preset says it, at its gain: the r.m.s. goes with the gain (7.8 over 14 mV/fC so gives 1.9 % more
than measured), the spectrum stays, also for another peaking time: an assumption. A file of Wire-Cell spectra is taken
as it is; one filter serves a plane, that of its mean wire length.

>>> from streams.config import ElectronicsConfig
>>> from streams.detector import load_detector
>>> noise = plane_noise(ElectronicsConfig(), load_detector("fd1-hd-apa"), "X")
>>> len(noise.taps), [round(float(np.hypot(noise.own_adc, noise.common_adc)[n]), 2) for n in (0, 959)]
(16, [10.83, 10.83])
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from streams.coherent import own_power, share_of_power
from streams.compiled import Floats, Singles
from streams.config import ElectronicsConfig
from streams.detector import Detector
from streams.errors import ConfigError
from streams.geometry.planes import segments
from streams.noise_filter import minimum_phase, padded, power_of
from streams.noise_spectra import FREQUENCIES, NoiseSpectra, read

_FILE_TAPS = 32  # bands of 50 kHz within 0.5 % of the file, autocorrelation within 0.007


class ChannelNoise(NamedTuple):
    """Noise of one plane."""

    taps: Singles  # of the own part; a multiple of 16, sum of squares 1
    own_adc: Floats  # (channels,), r.m.s. of the own part
    common_adc: Floats  # (channels,), r.m.s. of the common part


def wire_lengths(detector: Detector, plane: str) -> Floats:
    """Return the length [mm] of the wires of each channel of ``plane``, all segments: float64 (channels,)."""
    pieces = segments(detector, plane)
    length = np.hypot(pieces["y1"] - pieces["y0"], pieces["z1"] - pieces["z0"])
    return np.asarray(np.bincount(pieces["channel"], length, detector.planes[plane].channels), np.float64)


def plane_noise(electronics: ElectronicsConfig, detector: Detector, plane: str) -> ChannelNoise:
    """Return the noise of each channel of ``plane``; own and common part together make up the published r.m.s.

    Raises
    ------
    ConfigError : more coherent noise than noise, a file for another gain.
    UserError : a file that cannot be used.
    """
    length = wire_lengths(detector, plane)
    preset = detector.noise[plane]
    gain = electronics.gain_mv_per_fc or detector.electronics.gain_mv_per_fc
    scale = gain / detector.electronics.gain_mv_per_fc
    if electronics.noise_spectra:
        spectra = _spectra(electronics.noise_spectra, detector, gain)
        power = spectra.power(plane, float(length.mean()))
        rms, taps = spectra.rms_adc(plane, length), _FILE_TAPS
    else:
        power = power_of(np.array(preset.taps), np.abs(np.fft.fftfreq(FREQUENCIES)))
        relative = length / detector.planes[plane].wire_length_mm
        rms = scale * preset.rms_adc * (preset.open_share + (1 - preset.open_share) * relative)
        taps = len(preset.taps)
    asked = electronics.coherent_adc
    share = share_of_power(scale * preset.coherent_adc if asked is None else asked, float(rms.mean()))
    rms = rms * electronics.noise_scale
    filtered = padded(minimum_phase(own_power(power, share), taps))
    return ChannelNoise(filtered, rms * np.sqrt(1 - share), rms * np.sqrt(share))


def _spectra(path: str, detector: Detector, gain: float) -> NoiseSpectra:
    """Return the spectra of the file ``path`` if they are of the gain [mV/fC] in use."""
    spectra = read(path, tick_ns=detector.tick_ns, uv_per_adc=detector.electronics.uv_per_adc)
    found = spectra.gain_mv_per_fc
    if found and abs(found / gain - 1) > 0.01:
        raise ConfigError(
            f"electronics.noise_spectra: {path} is for {found:g} mV/fC, the gain is {gain:g} mV/fC: want one for both"
        )
    return spectra
