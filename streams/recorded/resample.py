"""From one sampling to another: band-limited interpolation with a windowed sinc.

The filter is 64 samples of the slower clock long on each side (Kaiser window, 80 dB), and ends at the lower of the two
Nyquist frequencies. From 500 to 512 ns (128 samples become 125) sines up to 0.90 MHz keep amplitude and phase to
2e-4; above 0.977 MHz nothing can be kept. Beyond the ends the samples are mirrored.

>>> sine = np.sin(2 * np.pi * 0.3 * 0.5 * np.arange(1280))[:, None]  # 0.3 MHz at 500 ns
>>> wanted = np.sin(2 * np.pi * 0.3 * 0.512 * np.arange(1250))
>>> bool(np.abs(resampled(sine, 500, 512)[100:-100, 0] - wanted[100:-100]).max() < 2e-4)
True
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_HALF = 64  # samples of the slower clock on each side
_BETA = 7.857  # Kaiser window: 80 dB
_NYQUIST_SHARE = 0.98  # of the lower Nyquist frequency, where the filter is at half
_CHANNELS_AT_ONCE = 64


def ratio(from_ns: int, to_ns: int) -> tuple[int, int]:
    """Return (up, down), the smallest whole numbers with up / down samples out per sample in.

    >>> ratio(500, 512)
    (125, 128)
    """
    common = math.gcd(from_ns, to_ns)
    return from_ns // common, to_ns // common


def resampled(values: NDArray[np.floating], from_ns: int, to_ns: int) -> NDArray[np.float32]:
    """Return samples every ``to_ns`` of samples every ``from_ns``: float32 (ticks, channels) of (samples, channels).

    The first sample stays where it is; ticks are as many as begin before the last sample ends.
    """
    from scipy.signal import firwin, resample_poly

    up, down = ratio(from_ns, to_ns)
    if up == down:
        return np.asarray(values, np.float32)
    widest = max(up, down)
    taps = firwin(2 * _HALF * widest + 1, _NYQUIST_SHARE / widest, window=("kaiser", _BETA))
    out = np.empty((-(-len(values) * up // down), values.shape[1]), np.float32)
    for at in range(0, values.shape[1], _CHANNELS_AT_ONCE):
        part = values[:, at : at + _CHANNELS_AT_ONCE].astype(np.float64)
        out[:, at : at + _CHANNELS_AT_ONCE] = resample_poly(
            part, up, down, axis=0, window=taps, padtype="symmetric"
        )
    return out
