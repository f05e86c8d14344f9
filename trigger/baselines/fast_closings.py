"""The closings over one frame of a stream: only channels that are over threshold at some sample, or open, are walked.

They compute what ``hits`` says and leave the TPs in ``found``, channel after channel; the flag of each says where it
belongs, for ``in_order``. The state of the open hits is int64, (streams, 7, 64). Its rows: samples over threshold,
samples to the peak, integral, peak; then, in the first place, the channels that are open as bits; then 64 int16: the
peaks of fdreadoutlibs, before a frame and after it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from trigger.baselines.clear import TYPE_TPC
from trigger.baselines.lanes import column, first_bit, greater, load, put, store, value

MOST_OF_FRAME = 4096  # TPs that one frame can give: one for each sample
LENGTH, TO_PEAK, INTEGRAL, PEAK, OPEN, PEAKS, FIELDS = (*range(6), 7)
_FEW = 16  # TPs that are put in order by counting those before each
_LONGEST = 32767  # samples over threshold saturate (adds_epi16)

Hits = NDArray[np.int64]  # (streams, 7, 64)


class Labels(NamedTuple):
    """What the TPs of a frame have in common."""

    timestamp: np.uint64  # of its first sample
    stream: int
    version: int
    algorithm: int
    detid: np.int64


class Desk(NamedTuple):
    """Addresses of room for one frame at work, the same for all streams."""

    signal: int  # int16, (64 samples, 64 channels); of fdreadoutlibs over the pedestal, of tpglibs the chain's end
    masks: int  # uint64, (64,): the channels at each sample that are not zero (tpglibs) or over threshold


class Sorter(NamedTuple):
    """What puts the TPs of a frame in order."""

    ends: NDArray[np.int64]  # (257,), room: places by flag
    channels: NDArray[np.int32]  # (streams x 64,), offline, by number among all streams'


class Hit(NamedTuple):
    """A hit, open or closed."""

    length: int
    to_peak: int
    integral: int
    peak: int


@compiled
def _emit(tp: Any, labels: Labels, c: int, t: int, hit: Hit) -> None:
    """Write the hit of channel ``c`` that closes at sample ``t``; as the channel, its number among all streams'."""
    tp.version, tp.detid, tp.flag = labels.version, labels.detid, t
    tp.type, tp.algorithm, tp.channel = TYPE_TPC, labels.algorithm, 64 * labels.stream + c
    tp.adc_peak, tp.adc_integral = hit.peak, hit.integral
    tp.time_start = labels.timestamp + np.uint64(32 * (t - hit.length))
    tp.samples_over_threshold, tp.samples_to_peak = hit.length, hit.to_peak


@compiled
def _opened(hits: Hits, s: int, c: int) -> Hit:
    return Hit(hits[s, LENGTH, c], hits[s, TO_PEAK, c], hits[s, INTEGRAL, c], hits[s, PEAK, c])


@compiled
def _kept(hits: Hits, s: int, c: int, hit: Hit) -> None:
    hits[s, LENGTH, c], hits[s, TO_PEAK, c] = hit.length, hit.to_peak
    hits[s, INTEGRAL, c], hits[s, PEAK, c] = hit.integral, hit.peak


@compiled
def integral16(desk: Desk, hits: Hits, labels: Labels, found: NDArray[np.void], busy: np.uint64) -> int:
    """Close as ``hits.Integral16Channel``; return how many TPs there are."""
    n, s, still = 0, labels.stream, np.uint64(0)
    while busy:
        c = first_bit(busy)
        busy &= busy - np.uint64(1)
        samples = column(desk.masks, c)
        length, to_peak, integral, peak = _opened(hits, s, c)
        t = 0
        while t < 64:
            if integral == 0:
                rest = samples >> np.uint64(t)
                if rest == 0:
                    break
                t += first_bit(rest)
            counts = value(desk.signal, 64 * t + c)
            integral = min(integral + (counts & 0xFFFF), 0xFFFF)
            if counts > peak:
                to_peak, peak = length, counts
            if counts > 0:
                length = min(length + 1, _LONGEST)
            if counts == 0 or integral == 0xFFFF:
                if length:
                    _emit(found[n], labels, c, t, Hit(length, to_peak, integral, peak))
                    n += 1
                length = to_peak = integral = peak = 0
            t += 1
        _kept(hits, s, c, Hit(length, to_peak, integral, peak))
        still |= np.uint64(integral != 0) << np.uint64(c)
    hits[s, OPEN, 0] = np.int64(still)
    return n


@compiled
def integral32(desk: Desk, hits: Hits, labels: Labels, found: NDArray[np.void], busy: np.uint64) -> int:
    """Close as ``hits.Integral32Channel``; return how many TPs there are."""
    n, s, still = 0, labels.stream, np.uint64(0)
    while busy:
        c = first_bit(busy)
        busy &= busy - np.uint64(1)
        samples = column(desk.masks, c)
        length, to_peak, integral, peak = _opened(hits, s, c)
        t = 0
        while t < 64:
            if length == 0:
                rest = samples >> np.uint64(t)
                if rest == 0:
                    break
                t += first_bit(rest)
            counts = value(desk.signal, 64 * t + c)
            if counts == 0:
                _emit(found[n], labels, c, t, Hit(length, to_peak, integral, peak))
                n += 1
                length = to_peak = integral = peak = 0
                t += 1
                continue
            low = (integral & 0xFFFF) + (counts & 0xFFFF)
            integral = min((integral >> 16) + (low >> 16), 0xFFFF) << 16 | low & 0xFFFF
            if counts > peak:
                to_peak, peak = length, counts
            if counts > 0:
                length = min(length + 1, _LONGEST)
            t += 1
        _kept(hits, s, c, Hit(length, to_peak, integral, peak))
        still |= np.uint64(length != 0) << np.uint64(c)
    hits[s, OPEN, 0] = np.int64(still)
    return n


@compiled
def falling_edge(
    desk: Desk, hits: Hits, labels: Labels, found: NDArray[np.void], busy: np.uint64, saturating: bool
) -> int:
    """Close as ``hits.FallingEdgeChannel``; return how many TPs there are. Which are open is left as it is."""
    n, s = 0, labels.stream
    peaks = hits.ctypes.data + 512 * (s * FIELDS + PEAKS)
    highest = load(peaks, 0)
    for t in range(64):
        highest = greater(highest, load(desk.signal, t))
    store(peaks, 1, highest)  # right for channels that are not over threshold; the others' are put in below
    for register in range(4 if busy else 0):
        lanes = _lanes_of(busy >> np.uint64(16 * register))
        while lanes:
            lane = first_bit(lanes)
            lanes &= lanes - np.uint64(1)
            c = 16 * register + (lane if lane < 8 else 15 if lane == 8 else lane - 1)
            n = _walk(desk, hits, Place(labels, c, peaks), found, n, saturating)
    store(peaks, 0, load(peaks, 1))
    return n


class Place(NamedTuple):
    """Which channel of a stream is walked."""

    labels: Labels
    channel: int
    peaks: int


@compiled
def _walk(desk: Desk, hits: Hits, place: Place, found: NDArray[np.void], n: int, saturating: bool) -> int:
    """Walk a channel of fdreadoutlibs through a frame; return how many TPs there are now."""
    s, c = place.labels.stream, place.channel
    samples = column(desk.masks, c)
    was_over = np.uint64(hits[s, OPEN, 0]) >> np.uint64(c) & np.uint64(1)
    length, to_peak, charge, _ = _opened(hits, s, c)
    peak = value(place.peaks, c)
    t = 0
    while t < 64:
        if not was_over:  # up to the next sample over threshold only the peak moves: the length is 0
            rest = samples >> np.uint64(t)
            end = t + first_bit(rest) if rest else 64
            for gap in range(t, end):
                peak = max(peak, value(desk.signal, 64 * gap + c))
            t = end
            if t == 64:
                break
        counts = value(desk.signal, 64 * t + c)
        over = samples >> np.uint64(t) & np.uint64(1)
        if counts > peak:
            to_peak, peak = length, counts
        if over:
            charge += counts
            charge = min(max(charge, -32768), 32767) if saturating else int(np.int16(charge))
            length = min(length + 1, _LONGEST)
        else:
            if charge:
                _emit(found[n], place.labels, c, t, Hit(length, to_peak, charge & 0xFFFF, peak))
                found[n].flag = 64 * (c >> 4) + t
                n += 1
            length = to_peak = charge = peak = 0
        was_over = over
        t += 1
    _kept(hits, s, c, Hit(length, to_peak, charge, 0))
    put(place.peaks, 64 + c, np.int16(peak))
    return n


@compiled
def _lanes_of(channels: np.uint64) -> np.uint64:
    """Return the bits of the lowest 16 channels in the order of lanes: channel 15 before 8."""
    low = channels & np.uint64(0xFF)
    return low | channels >> np.uint64(7) & np.uint64(0x100) | channels << np.uint64(1) & np.uint64(0xFE00)


@compiled
def in_order(found: NDArray[np.void], count: int, sorter: Sorter, tps: NDArray[np.void], n: int) -> int:
    """Copy TPs behind ``n`` others in the order of their flags, which become 0; return how many there are now.

    Those with the same flag stay in their order.
    """
    ends, channels = sorter.ends, sorter.channels
    few = count <= _FEW
    if not few:
        ends[:] = 0
        for k in range(count):
            ends[found[k].flag + 1] += 1
        for flag in range(256):
            ends[flag + 1] += ends[flag]
    for k in range(count):
        flag, before = found[k].flag, 0
        if few:
            for other in range(count):
                before += found[other].flag < flag + (other < k)
        else:
            before = ends[flag]
            ends[flag] += 1
        tps[n + before] = found[k]
        tps[n + before].flag = 0
        tps[n + before].channel = channels[found[k].channel]
    return n + count
