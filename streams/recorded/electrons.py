"""Electrons by wire and tick, as signal processing gives them, back into the signal of the wires.

Wire-Cell's signal processing divides the recorded waveforms by the response of the wire *and of ten neighbours to
each side*, averaged over where in its cell an electron comes down, and by the electronics. What it gives is the
charge in each wire's own cell. So here each wire's charge is folded with the same average waveforms on the wire and
on its neighbours. Without the neighbours (``electrons.neighbours = false``) a wire would lack what induction gives it.

Signal processing also blurs the charge, in time by a low-pass filter of 0.12 MHz, which is 1.33 us (Wire-Cell
``sp-filters.jsonnet`` of ProtoDUNE-HD, Gaus_wide), and on induction planes across by 0.75 wires (Wire_ind), and sets
what is below its thresholds to zero. The blur in time is taken back as far as its noise allows: to a filter of
``electrons.low_pass_mhz`` (0.25 MHz). The rest is not, so narrow pulses come out lower than they were
(``docs/recorded.md`` has the numbers).

The charge of a tick is an impulse at its start; the waveforms have no frequencies above 0.5 MHz, so the fold, which is
a product of spectra, has the exact values at the new ticks and keeps the charge exactly.

>>> kernel = PlaneKernel(np.ones((10, 3, 4), np.float32), -1, 1, np.zeros((1, 3, 2), np.int64))
>>> charge = np.zeros((128, 5)); charge[64, 2] = 1.0
>>> signal = folded(charge, Fold(kernel, 512, ring=False, neighbours=True, low_pass_mhz=0.12), 128)
>>> signal[62:68].round(3).tolist()[1]
[0.0, 1.0, 1.0, 1.0, 0.0]
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.block import TICK_NS
from streams.recorded.resample import ratio
from streams.response.kernel import PlaneKernel

BLUR_MHZ = 0.12  # Gaussian low-pass of signal processing (Wire-Cell pdhd/sp-filters.jsonnet, Gaus_wide)
_HIGHEST_MHZ = 0.5  # of the waveforms of the electronics


class Fold(NamedTuple):
    """How charge becomes signal."""

    kernel: PlaneKernel
    tick_ns: int  # of the charge
    ring: bool  # the last channel is beside the first one
    neighbours: bool
    low_pass_mhz: float  # instead of the 0.12 MHz of signal processing


def _spectra(
    kernel: PlaneKernel, length: int, neighbours: bool
) -> tuple[NDArray[np.int64], NDArray[np.complex64]]:
    """Return places (wires after the charge) and the spectra of the waveforms there: (places, frequencies)."""
    from scipy import fft

    mean = kernel.table.mean(axis=0)  # over the impacts
    places = np.arange(-kernel.reach, kernel.reach + 1) if neighbours else np.zeros(1, np.int64)
    row = np.zeros((len(places), length), np.float32)
    row[:, (kernel.first + np.arange(mean.shape[1])) % length] = mean[places + kernel.reach]
    return places, fft.rfft(row, axis=1)


def _sharper(length: int, low_pass_mhz: float) -> NDArray[np.float32]:
    """Return the factor on the spectrum that puts one low-pass filter in the place of the other."""
    mhz = np.fft.rfftfreq(length, 1e-3 * TICK_NS)
    factor = np.exp(0.5 * mhz**2 * (BLUR_MHZ**-2 - low_pass_mhz**-2))
    beyond = 0.0 if low_pass_mhz > BLUR_MHZ else 1.0  # where a factor would only make rounding errors larger
    return np.where(mhz < _HIGHEST_MHZ, factor, beyond).astype(np.float32)


def folded(
    charge: NDArray[np.floating], fold: Fold, ticks: int, *, wrap: bool = False
) -> NDArray[np.float32]:
    """Return the signal, float32 (ticks, channels) at 512 ns, of charge (samples, channels) in electrons.

    Parameters
    ----------
    charge : neighbouring columns are neighbouring wires.
    fold : waveforms and clock.
    ticks : of the result, at least those of the charge; tick 0 is the charge's first sample.
    wrap : what is before tick 0 and after the last one is put at the other end (the sample is played again).
    """
    from scipy import fft

    up, down = ratio(fold.tick_ns, TICK_NS)
    longest = ticks + fold.kernel.table.shape[2] + TICK_NS  # room for the waveforms, and for filters to fade
    parts = fft.next_fast_len(math.ceil(longest / up))
    before, after = parts * down, parts * up  # samples in the same time
    spectrum = fft.rfft(charge.astype(np.float32), before, axis=0)
    places, waves = _spectra(fold.kernel, after, fold.neighbours)
    used = min(len(spectrum), waves.shape[1])
    waves = waves[:, :used] * _sharper(after, fold.low_pass_mhz)[:used]
    total = np.zeros((used, charge.shape[1]), np.complex64)
    for place, wave in zip(places, waves, strict=True):
        moved = np.roll(spectrum[:used], place, axis=1)
        if not fold.ring and place > 0:
            moved[:, :place] = 0
        elif not fold.ring and place < 0:
            moved[:, place:] = 0
        total += moved * wave[:, None]
    signal = fft.irfft(total, after, axis=0)
    if wrap:
        place = np.arange(after)
        place[place > (after + ticks) // 2] -= after  # before tick 0
        out = np.zeros((ticks, charge.shape[1]), np.float32)
        np.add.at(out, place % ticks, signal)
        return out
    return np.ascontiguousarray(signal[:ticks], np.float32)
