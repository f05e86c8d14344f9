"""TPs of a file in one form for both versions, with nothing rounded: times in 62.5 MHz counts.

The time over threshold of version 1 stays as it is written: fdreadoutlibs writes counts, tpglibs at 28e50e5 samples
(reference 1.8b.9); ``in_counts`` makes counts of it once the unit is known.

>>> from streams.daq.tp import TP, encode
>>> tps = np.zeros(1, TP)
>>> tps["channel"], tps["time_start"], tps["samples_over_threshold"], tps["samples_to_peak"] = 5, 320, 9, 2
>>> [of_bytes(encode(tps, v))[["version", "channel", "start", "length", "to_peak"]].tolist() for v in (1, 2)]
[[(1, 5, 320, 288, 64)], [(2, 5, 320, 288, 64)]]
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.daq import tp
from streams.errors import UserError
from streams.files.tp_file import payloads

#: A TP: channel; start, length (time over threshold) and time to the peak [62.5 MHz counts; a start beyond 2**63 is
#: one that wrapped below 0]; integral and peak [ADC counts]; labels; its number in the file.
ROW = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("channel", "start", "length", "to_peak", "integral", "peak"),
            *("detid", "flag", "type", "algorithm", "version", "number"),
        )
    ]
)
SAMPLES, COUNTS = "samples", "counts"  # units of the time over threshold
NO_DETECTOR = {1: 0xFFFF, 2: 0xFF}  # detid of a TP that nobody set (reference 1.8b.13)


def read(path: Path) -> Iterator[NDArray[np.void]]:
    """Yield the TPs of each fragment: ROW array, numbered through the file.

    Raises
    ------
    UserError : a file that cannot be read, TPs that are damaged, of a version that is not known, or mixed versions.
    """
    number = version = 0
    for where, payload in payloads(path):
        rows = of_bytes(payload, where)
        if not len(rows):
            continue
        got = int(rows["version"][0])
        if version not in (0, got):
            raise UserError(
                f"{where}: got TPs of version {got}, want {version} as before: versions are mixed"
            )
        version = got
        rows["number"] += number
        number += len(rows)
        yield rows


def of_bytes(raw: tp.Bytes, where: str = "TPs") -> NDArray[np.void]:
    """Return the TPs in the bytes of a fragment: ROW array.

    Raises
    ------
    UserError : as ``streams.daq.tp.version_of``.
    """
    if not len(raw):
        return np.zeros(0, ROW)
    version = tp.version_of(raw, where)
    return _from_v1(np.frombuffer(raw, tp.TP_V1)) if version == 1 else _from_v2(tp.decode(raw, where))


def in_counts(rows: NDArray[np.void], unit: str) -> NDArray[np.int64]:
    """Return the times over threshold in 62.5 MHz counts: int64, (n,)."""
    length: NDArray[np.int64] = rows["length"]
    return length * TIMESTAMP_PER_TICK if unit == SAMPLES else length


def _from_v1(records: NDArray[np.void]) -> NDArray[np.void]:
    rows = np.zeros(len(records), ROW)
    for name, field in (
        ("channel", "channel"),
        ("integral", "adc_integral"),
        ("peak", "adc_peak"),
        *((name, name) for name in ("detid", "flag", "type", "algorithm")),
    ):
        rows[name] = records[field]
    rows["start"] = records["time_start"].view(np.int64)
    rows["length"] = records["time_over_threshold"].view(np.int64)
    rows["to_peak"] = (records["time_peak"] - records["time_start"]).view(np.int64)
    rows["version"] = 1
    rows["number"] = np.arange(len(rows))
    return rows


def _from_v2(tps: NDArray[np.void]) -> NDArray[np.void]:
    rows = np.zeros(len(tps), ROW)
    rows["channel"], rows["integral"], rows["peak"] = tps["channel"], tps["adc_integral"], tps["adc_peak"]
    for name in ("detid", "flag"):
        rows[name] = tps[name]
    rows["start"] = tps["time_start"].view(np.int64)
    rows["length"] = tps["samples_over_threshold"].astype(np.int64) * TIMESTAMP_PER_TICK
    rows["to_peak"] = tps["samples_to_peak"].astype(np.int64) * TIMESTAMP_PER_TICK
    rows["version"] = 2
    rows["number"] = np.arange(len(rows))
    return rows
