"""The closings over one frame of a stream: only samples at which a channel is over threshold, or open, are looked at.

They compute what ``hits`` says, in upstream's order, and write the TPs behind the ``n`` that are there already.
The state of the open hits is int64, (streams, 7, 64). Its rows: samples over threshold, samples to the peak, integral,
peak; then, in the first place, the channels that are open as bits; then 64 int16: the peaks of fdreadoutlibs, before
a sample and after it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.compiled import compiled
from trigger.baselines.clear import TYPE_TPC
from trigger.baselines.lanes import first_bit, greater, load, mask_at, put, store, value

MOST_OF_FRAME = 4096  # TPs that one frame can give: one for each sample
LENGTH, TO_PEAK, INTEGRAL, PEAK, OPEN, PEAKS, FIELDS = (*range(6), 7)
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


@compiled
def _emit(tp: Any, labels: Labels, hits: Hits, c: int, t: int) -> None:
    """Write the hit of channel ``c`` that closes at sample ``t``; as the channel, its number among all streams'."""
    s = labels.stream
    tp.version, tp.flag, tp.detid = labels.version, 0, labels.detid
    tp.type, tp.algorithm, tp.channel = TYPE_TPC, labels.algorithm, 64 * s + c
    tp.adc_peak, tp.adc_integral = hits[s, PEAK, c], hits[s, INTEGRAL, c]
    tp.time_start = labels.timestamp + np.uint64(32 * (t - hits[s, LENGTH, c]))
    tp.samples_over_threshold, tp.samples_to_peak = hits[s, LENGTH, c], hits[s, TO_PEAK, c]


@compiled
def _clear(hits: Hits, s: int, c: int) -> None:
    for field in range(OPEN):
        hits[s, field, c] = 0


@compiled
def _count(hits: Hits, s: int, c: int, counts: int) -> None:
    """Take a sample into the peak and the length, as both versions of tpglibs do."""
    if counts > hits[s, PEAK, c]:
        hits[s, PEAK, c], hits[s, TO_PEAK, c] = counts, hits[s, LENGTH, c]
    if counts > 0:
        hits[s, LENGTH, c] = min(hits[s, LENGTH, c] + 1, _LONGEST)


@compiled
def integral16(desk: Desk, hits: Hits, labels: Labels, tps: NDArray[np.void], n: int) -> int:
    """Close as ``hits.Integral16Channel``; return how many TPs there are now."""
    s = labels.stream
    still = np.uint64(hits[s, OPEN, 0])
    for t in range(64):
        active = mask_at(desk.masks, t) | still
        while active:
            c = first_bit(active)
            bit = active & (~active + np.uint64(1))
            active ^= bit
            counts = value(desk.signal, 64 * t + c)
            hits[s, INTEGRAL, c] = min(hits[s, INTEGRAL, c] + (counts & 0xFFFF), 0xFFFF)
            _count(hits, s, c, counts)
            if counts == 0 or hits[s, INTEGRAL, c] == 0xFFFF:
                if hits[s, LENGTH, c]:
                    _emit(tps[n], labels, hits, c, t)
                    n += 1
                _clear(hits, s, c)
                still &= ~bit
            else:
                still |= bit
    hits[s, OPEN, 0] = np.int64(still)
    return n


@compiled
def integral32(desk: Desk, hits: Hits, labels: Labels, tps: NDArray[np.void], n: int) -> int:
    """Close as ``hits.Integral32Channel``; return how many TPs there are now."""
    s = labels.stream
    still = np.uint64(hits[s, OPEN, 0])
    for t in range(64):
        active = mask_at(desk.masks, t) | still
        while active:
            c = first_bit(active)
            bit = active & (~active + np.uint64(1))
            active ^= bit
            counts = value(desk.signal, 64 * t + c)
            if counts == 0:
                _emit(tps[n], labels, hits, c, t)
                n += 1
                _clear(hits, s, c)
                still &= ~bit
                continue
            low = (hits[s, INTEGRAL, c] & 0xFFFF) + (counts & 0xFFFF)
            high = min((hits[s, INTEGRAL, c] >> 16) + (low >> 16), 0xFFFF)
            hits[s, INTEGRAL, c] = high << 16 | low & 0xFFFF
            _count(hits, s, c, counts)
            if hits[s, LENGTH, c]:
                still |= bit
    hits[s, OPEN, 0] = np.int64(still)
    return n


@compiled
def falling_edge(desk: Desk, hits: Hits, labels: Labels, found: NDArray[np.void], saturating: bool) -> int:
    """Close as ``hits.FallingEdgeChannel``; return how many TPs ``found`` has: by sample, register and lane.

    The flag of each is its register, for ``by_register``.
    """
    n, s, signal = 0, labels.stream, desk.signal
    before = hits.ctypes.data + 512 * (s * FIELDS + PEAKS)
    was_over, peak = np.uint64(hits[s, OPEN, 0]), load(before, 1)
    for t in range(64):
        now = mask_at(desk.masks, t)
        active = now | was_over
        if active:
            store(before, 0, peak)
            store(before, 1, greater(peak, load(signal, t)))
            for register in range(4):
                lanes = _lanes_of(active >> np.uint64(16 * register))
                while lanes:
                    lane = first_bit(lanes)
                    lanes &= lanes - np.uint64(1)
                    c = 16 * register + (lane if lane < 8 else 15 if lane == 8 else lane - 1)
                    counts = value(signal, 64 * t + c)
                    if counts > value(before, c):
                        hits[s, TO_PEAK, c] = hits[s, LENGTH, c]
                    if now >> np.uint64(c) & np.uint64(1):
                        _charge(hits, s, c, counts, saturating)
                        continue
                    hits[s, INTEGRAL, c] &= 0xFFFF
                    hits[s, PEAK, c] = value(before, 64 + c)
                    _emit(found[n], labels, hits, c, t)
                    found[n].flag = register
                    n += 1 if hits[s, INTEGRAL, c] else 0
                    _clear(hits, s, c)
                    put(before, 64 + c, np.int16(0))
            peak, was_over = load(before, 1), now
        else:
            peak = greater(peak, load(signal, t))
    store(before, 1, peak)
    hits[s, OPEN, 0] = np.int64(was_over)
    return n


@compiled
def _lanes_of(channels: np.uint64) -> np.uint64:
    """Return the bits of the lowest 16 channels in the order of lanes: channel 15 before 8."""
    low = channels & np.uint64(0xFF)
    return low | channels >> np.uint64(7) & np.uint64(0x100) | channels << np.uint64(1) & np.uint64(0xFE00)


@compiled
def _charge(hits: Hits, s: int, c: int, counts: int, saturating: bool) -> None:
    """Take a sample over threshold into the charge and the length."""
    charge = hits[s, INTEGRAL, c] + counts
    hits[s, INTEGRAL, c] = min(max(charge, -32768), 32767) if saturating else np.int64(np.int16(charge))
    hits[s, LENGTH, c] = min(hits[s, LENGTH, c] + 1, _LONGEST)


@compiled
def by_register(found: NDArray[np.void], count: int, tps: NDArray[np.void], n: int) -> int:
    """Write the first ``count`` of the TPs found behind ``n`` others, register by register; return the new ``n``."""
    for register in range(4 if count else 0):
        for k in range(count):
            if found[k].flag == register:
                tps[n] = found[k]
                tps[n].flag = 0
                n += 1
    return n
