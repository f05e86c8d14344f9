"""Streams of TPs that any machine makes alike, and TAs and TCs as lines of text: what upstream's makers printed too.

Random numbers are splitmix64 (Steele, Lea, Flood 2014), so that no library's generator is leant on.

>>> hex(words(0, 1)[0])  # the generator's published first number
'0xe220a8397b1dcdaf'
"""

from __future__ import annotations

import numpy as np

from streams.daq.tp import TP
from trigger.activities.base import Activity, configure, configure_candidates
from trigger.activities.rows import blank

TIMES = ["time_start", "time_end", "time_peak", "time_activity"]
CHANNELS = ["channel_start", "channel_end", "channel_peak"]
KIND = ["detid", "type", "algorithm"]
TA_FIELDS = ["version", *TIMES, *CHANNELS, "adc_integral", "adc_peak", *KIND]
TC_FIELDS = ["version", "time_start", "time_end", "time_candidate", *KIND]
STEPS = np.array([0, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 5, 5, 6, 7, 9])

#: Of each stream: seed, mean gap of starts, starts in units of, channels, share of TPs in tracks [%], charge below.
KINDS = {
    "dense": (1, 30, 1, 400, 60, 3000),
    "sparse": (2, 200, 1, 2560, 60, 3000),
    "ties": (3, 30, 512, 60, 80, 3000),
    "mixed": (4, 50, 1, 900, 70, 3000),  # 2 % of the starts are too early
    "large": (5, 60, 1, 2560, 80, 60_000),
    "wrapping": (6, 40, 1, 2560, 70, 2**32),
}


def words(seed, count):
    """Return random words, uint64 array (count,)."""
    z = np.uint64(seed) * np.uint64(2**40) + np.arange(1, count + 1, dtype=np.uint64)
    z *= np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def below(seed, count, limit):
    return (words(seed, count) % np.uint64(limit)).astype(np.int64)


def stream(kind, count=2400):
    """Return TPs, of which blocks of 24 are tracks of channels in a random order."""
    seed, gap, unit, channels, share, charge = KINDS[kind]
    seeds = iter(range(100 * seed, 100 * seed + 100))
    tps = np.zeros(count, TP)
    starts = 10**7 + np.cumsum(below(next(seeds), count, 2 * gap + 1)) // unit * unit
    if kind == "mixed":
        starts -= (below(next(seeds), count, 50) == 0) * below(next(seeds), count, 5 * gap)
    lone = below(next(seeds), count, channels).reshape(-1, 24)
    track = lone[:, :1] + np.cumsum(STEPS[below(next(seeds), count, 16)].reshape(-1, 24), axis=1)
    track = np.take_along_axis(track, np.argsort(words(next(seeds), count).reshape(-1, 24), axis=1), axis=1)
    taken = below(next(seeds), len(lone), 100) < share
    tps["channel"] = np.where(taken[:, None], track % channels, lone).ravel()
    tps["time_start"] = starts
    tps["adc_integral"] = below(next(seeds), count, charge)
    tps["adc_peak"] = below(next(seeds), count, 40)
    tps["samples_over_threshold"] = below(next(seeds), count, 300)
    tps["samples_to_peak"] = below(next(seeds), count, 100)
    tps["detid"] = 3 * below(next(seeds), count, 2) if kind == "large" else 3
    return tps


def michel(seed, begin=10**7):
    """Return one track for MichelElectron with charge and slope changed at random places, 40 000 counts long."""
    pick = below(10_000 + seed, 64, 1 << 30)
    count = int(16 + pick[0] % 44)
    r = [below(20_000 + 100 * seed + k, count, 1 << 30) for k in range(4)]
    channel = 500 + np.cumsum(np.array([0, 1, 1, 1, 1, 1, 2])[r[0] % 7])
    time = np.cumsum(r[1] % (1 + pick[1] % 90))
    bend = int(1 + pick[2] % (count - 1))
    if pick[3] % 4:
        time[bend:] = time[bend] + (time[bend:] - time[bend]) * (1 + pick[4] % 7)
    if pick[5] % 2:
        time = time.max() - time[::-1]
    charge = 2000 + r[2] % (1 + (0, 50, 2000)[pick[6] % 3])
    for k in range(int(pick[7] % 4)):
        at = int(pick[10 + k] % count)
        charge[at : at + 4] += 1000 * (1 + pick[20 + k] % 30)
    if pick[8] % 5 > 1:
        at = max(0, count - 1 - int(pick[9] % 13))
        charge[at : at + 3] += 60_000
    tps = np.zeros(count, TP)
    order = np.argsort(time, kind="stable")
    tps["time_start"], tps["channel"], tps["adc_integral"] = (
        begin + time[order],
        channel[order],
        charge[order],
    )
    tps["adc_peak"], tps["detid"], tps["samples_over_threshold"] = r[3] % 99, 3, r[3] % 50
    return tps


def closing(tps):
    """Return TPs and one that closes any window."""
    last = np.zeros(1, TP)
    last["time_start"], last["detid"] = tps["time_start"][-1] + np.uint64(200_000), 3
    return np.concatenate([tps, last])


def lines(tps, name, parameters, tc_parameters, pieces=5):
    """Return TAs (fields : numbers of TPs) and TCs (fields : start/charge of TAs) as text, and the maker."""
    tps = tps.copy()
    tps["flag"] = np.arange(len(tps))
    maker = configure(name, parameters)
    finish = configure_candidates(name, tc_parameters) if tc_parameters is not None else None
    made = []
    for ta in (ta for piece in np.array_split(tps, pieces) for ta in maker(piece)):
        made.append(_line("A", ta, TA_FIELDS) + "".join(f" {one}" for one in ta.inputs["flag"]))
        for tc in finish([ta]) if finish else []:
            pairs = zip(tc.inputs["time_start"], tc.inputs["adc_integral"], strict=True)
            made.append(_line("C", tc, TC_FIELDS) + "".join(f" {start}/{charge}" for start, charge in pairs))
    return made, maker


def _line(letter, one, fields):
    return f"{letter} " + " ".join(str(one.data[field].item()) for field in fields) + " :"


def made(times, channels, adc=1, **more):
    tps = np.zeros(len(times), TP)
    tps["time_start"], tps["channel"], tps["adc_integral"], tps["detid"] = times, channels, adc, 3
    for name, values in more.items():
        tps[name] = values
    return tps


def window(places, **more):
    """TPs on some channels, one tick apart, and one that closes their window."""
    return made([*range(len(places)), 10**6], [*places, 9_000_000], **more)


def channels(name, tps, **parameters):
    return [ta.inputs["channel"].tolist() for ta in configure(name, parameters)(tps)]


def activity(start, end, charge=1, hits=(1,), tp_start=0, samples=0, detid=3):
    row = blank(1, 1)[0]
    row["time_start"], row["time_end"], row["adc_integral"], row["detid"] = start, end, charge, detid
    return Activity(row, made([tp_start] * len(hits), hits, samples_over_threshold=samples))


def candidates(name, activities, **parameters):
    tcs = configure_candidates(name, parameters)(activities)
    return [
        (*(int(tc.data[f"time_{w}"]) for w in ("start", "end", "candidate")), len(tc.inputs)) for tc in tcs
    ]
