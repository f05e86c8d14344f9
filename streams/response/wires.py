"""Sum the waveforms of all charge that arrives at one plane, block after block.

Each arrival is worked out in one go and added once, so the sums depend on the order of the arrivals within a block
and on nothing else: not on how a run is cut into pieces. Charge beyond the rectangle of a plane gives no signal.

What is left out: the parts of a kernel that stay small for all charge that arrives nearby (within ``2 reach + 8``
wires) in the same block, by ``PlaneKernel.windows``, and the ends of the Gaussians. By that sum the signal of one
stretch of wire is wrong by less than 0.1 ADC, for single arrivals as for tracks of up to 4.6e7 electrons in 33 us.
Wires beyond the reach of the response get nothing: 10 neighbours to each side as in the published file, where at the
last one U has 0.014 ADC per 1000 electrons, V 0.003, X 0.001 (vertical drift: 5 neighbours, 0.006, built-in 0.025).

>>> from streams.detector import load_detector
>>> from streams.config import ElectronicsConfig
>>> from streams.geometry.planes import plane_geometry
>>> from streams.response.arrivals import begin_tick
>>> from streams.response.kernel import plane_kernel
>>> detector = load_detector("fd1-hd-apa")
>>> kernel = plane_kernel(detector, "X", ElectronicsConfig())
>>> signal = WireSignal(kernel, plane_geometry(detector, "X"), max_sigma_tick=3.0)
>>> arrivals = np.array([[140.0, 0, 0.0, 1000.0, 1.5, 1.5, 20e3]])
>>> int(begin_tick(arrivals, signal.before)[0]) // 64
0
>>> signal.add(arrivals, first_tick=0)
>>> block = np.concatenate([signal.take().copy() for _ in range(3)])
>>> [int(n) for n in np.unravel_index(block.argmax(), block.shape)], round(float(block.max()), -1)
([140, 208], 280.0)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK
from streams.compiled import Floats, Singles, compiled
from streams.geometry.planes import PlaneGeometry, covers, place_mm
from streams.response.arrivals import (
    CUT,
    CUT_FEW,
    ELECTRONS,
    FACE,
    SIGMA_MM,
    SIGMA_TICK,
    TICK,
    Y_MM,
    Z_MM,
    begin_tick,
    longest_spread,
    weights_across,
    weights_in_time,
)
from streams.response.kernel import FEWEST, LEVELS, PlaneKernel

_FEW = 1e4  # electrons nearby
_LEAST_PITCHES = 1e-3  # keeps the integrals finite at the wires


@compiled
def _nearby(geometry: PlaneGeometry, arrivals: Floats, reach: int) -> Floats:
    """Return for each arrival the electrons of all arrivals nearby, its own included (n,)."""
    stretch = 2 * reach + 8
    load = np.zeros((len(geometry.offset_mm), geometry.wires // stretch + 3))
    at = np.empty(len(arrivals), np.int64)
    for i in range(len(arrivals)):
        face = int(arrivals[i, FACE])
        place = place_mm(geometry, face, arrivals[i, Y_MM], arrivals[i, Z_MM]) / geometry.pitch_mm
        at[i] = min(max(math.floor(place), 0), geometry.wires - 1) // stretch + 1
        load[face, at[i]] += arrivals[i, ELECTRONS]
    nearby = np.empty(len(arrivals))
    for i in range(len(arrivals)):
        face = int(arrivals[i, FACE])
        nearby[i] = load[face, at[i] - 1] + load[face, at[i]] + load[face, at[i] + 1]
    return nearby


@compiled
def _one_wire(
    kernel: PlaneKernel, wire: int, bins: tuple[int, int], across: Singles, level: int, sums: Singles
) -> tuple[int, int]:
    """Fill in the waveform on ``wire`` of charge at one instant; return between which ticks of the kernel it is."""
    impacts, reach = kernel.table.shape[0], kernel.reach
    low, high = kernel.table.shape[2], 0
    first_cell = max(bins[0] // impacts, wire - reach)
    last_cell = min((bins[0] + bins[1] - 1) // impacts, wire + reach)
    for cell in range(first_cell, last_cell + 1):
        window = kernel.windows[level, wire - cell + reach]
        if window[1] > window[0]:
            low, high = min(low, window[0]), max(high, window[1])
    if high <= low:
        return 0, 0
    sums[low:high] = 0.0
    for cell in range(first_cell, last_cell + 1):
        place = wire - cell + reach
        # Numbers without sign, and no views: this is what lets the compiler use vectors.
        begin, end = np.uint64(kernel.windows[level, place, 0]), np.uint64(kernel.windows[level, place, 1])
        first = max(bins[0], cell * impacts)
        for i in range(first, min(bins[0] + bins[1], (cell + 1) * impacts)):
            weight, impact = across[i - bins[0]], i - cell * impacts
            for t in range(begin, end):
                sums[t] += weight * kernel.table[impact, place, t]
    return low, high


@compiled
def _fold(sums: Singles, low: int, high: int, weights: Singles, n: int, wave: Singles) -> int:
    """Fold ``sums[low:high]`` with ``n`` weights into ``wave``; return its length."""
    length = high - low + n - 1
    wave[:length] = 0.0
    start, ticks = np.uint64(low), np.uint64(high - low)
    for j in range(np.uint64(n)):
        weight = weights[j]
        for t in range(ticks):
            wave[j + t] += weight * sums[start + t]
    return length


@compiled
def _into_ring(signal: Singles, row: int, channel: int, wave: Singles, length: int) -> None:
    """Add ``wave`` to ``channel`` from ``row`` on, round the end of the ring."""
    row = row % len(signal)
    straight = min(length, len(signal) - row)
    for t in range(straight):
        signal[row + t, channel] += wave[t]
    for t in range(straight, length):
        signal[t - straight, channel] += wave[t]


@compiled
def add_waveforms(
    kernel: PlaneKernel, geometry: PlaneGeometry, arrivals: Floats, signal: Singles, row: int
) -> None:
    """Add the waveforms of ``arrivals`` to the ring ``signal`` (rows, channels), whose ``row`` is tick 0."""
    impacts, reach = kernel.table.shape[0], kernel.reach
    in_time, wave = np.empty(len(signal), np.float32), np.empty(len(signal), np.float32)
    sums, across = np.empty(kernel.table.shape[2], np.float32), np.empty(geometry.wires * impacts, np.float32)
    nearby = _nearby(geometry, arrivals, reach)
    for i in range(len(arrivals)):
        a = arrivals[i]
        if not covers(geometry, a[Y_MM], a[Z_MM]):
            continue
        face = int(a[FACE])
        level = min(max(math.ceil(2.0 * math.log2(max(nearby[i], 1.0) / FEWEST)), 0), LEVELS - 1)
        cut = CUT_FEW if nearby[i] < _FEW else CUT
        place = place_mm(geometry, face, a[Y_MM], a[Z_MM]) / geometry.pitch_mm * impacts
        sigma = max(a[SIGMA_MM] / geometry.pitch_mm, _LEAST_PITCHES) * impacts
        bins = weights_across(place, sigma, cut, geometry.wires * impacts, across)
        if bins[1] == 0:
            continue
        first, n = weights_in_time(a[TICK], a[SIGMA_TICK], cut, in_time)
        in_time[:n] *= np.float32(a[ELECTRONS])
        low_wire = max(bins[0] // impacts - reach, 0)
        high_wire = min((bins[0] + bins[1] - 1) // impacts + reach, geometry.wires - 1)
        for wire in range(low_wire, high_wire + 1):
            low, high = _one_wire(kernel, wire, bins, across, level, sums)
            if high > low:
                length = _fold(sums, low, high, in_time, n, wave)
                channel = geometry.channel_of[face, wire]
                _into_ring(signal, row + first + kernel.first + low, channel, wave, length)


class WireSignal:
    """The running sum of the signal of one plane: float32 (ticks, channels), ADC counts at the nominal gain."""

    def __init__(self, kernel: PlaneKernel, geometry: PlaneGeometry, max_sigma_tick: float) -> None:
        self.kernel, self.geometry, self.max_sigma_tick = kernel, geometry, max_sigma_tick
        #: By how many ticks a waveform begins before its arrival at most, besides its spread (for ``begin_tick``).
        self.before = -kernel.first
        longest = kernel.table.shape[2] + longest_spread(max_sigma_tick)
        # The block that was taken last is still read, the present one may be begun at its end.
        rows = (2 + math.ceil(longest / TICKS_PER_BLOCK)) * TICKS_PER_BLOCK
        self._signal = np.zeros((rows, geometry.channels), np.float32)
        self._row = 0  # where the present block begins

    def add(self, arrivals: NDArray[np.float64], first_tick: int) -> None:
        """Add the ``arrivals`` (float64, (n, 7)) whose waveforms begin in the present block, at ``first_tick``.

        All of a block in one call: what may be left out of a waveform depends on what else arrives. Arrivals on a
        face that the plane does not have give no signal.

        Raises
        ------
        ValueError : a waveform that begins in another block, one spread over more than the ring holds, or NaN.
        """
        arrivals = arrivals[arrivals[:, FACE] < len(self.geometry.offset_mm)]
        if not len(arrivals):
            return
        widest = arrivals[:, SIGMA_TICK].max()
        if not np.isfinite(arrivals).all():
            raise ValueError("an arrival has what is no number")
        if widest > self.max_sigma_tick:
            raise ValueError(f"got a spread of {widest:g} ticks, want at most {self.max_sigma_tick:g}")
        begins = begin_tick(arrivals, self.before)
        if begins.min() < first_tick or begins.max() >= first_tick + TICKS_PER_BLOCK:
            raise ValueError(
                f"waveforms begin at ticks {begins.min()} to {begins.max()}, want the block at {first_tick}"
            )
        add_waveforms(self.kernel, self.geometry, arrivals, self._signal, self._row - first_tick)

    def take(self) -> Singles:
        """Return the present block, float32 (64, channels), good until the next call; then go on."""
        rows = len(self._signal)
        last = (self._row - TICKS_PER_BLOCK) % rows
        self._signal[last : last + TICKS_PER_BLOCK] = 0.0
        block = self._signal[self._row : self._row + TICKS_PER_BLOCK]
        self._row = (self._row + TICKS_PER_BLOCK) % rows
        return block

    def kept(self) -> Singles:
        """Return what later blocks have so far, the present one first: float32 (ticks, channels)."""
        return np.roll(self._signal, -self._row, axis=0)[:-TICKS_PER_BLOCK]

    def put_back(self, kept: Singles) -> None:
        """Go on from ``kept``.

        Raises
        ------
        ValueError : it is of another plane or another kernel.
        """
        rows, channels = self._signal.shape
        want = (rows - TICKS_PER_BLOCK, channels)
        if kept.shape != want or kept.dtype != np.float32:
            raise ValueError(f"signal: got {kept.dtype} {kept.shape}, want float32 {want}")
        self._signal[: want[0]], self._signal[want[0] :], self._row = kept, 0.0, 0
