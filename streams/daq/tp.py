"""Trigger primitives (TPs) as DUNE's software lays them out, versions 1 and 2, and the one form used in between.

Version 1 is a C++ struct of 56 bytes with native alignment; version 2 is three 64-bit words, from the lowest bit:
word 0 {version 8, flag 8, detid 8, channel 24, samples_over_threshold 16}, word 1 {time_start 64}, word 2
{samples_to_peak 16, adc_integral 32, adc_peak 16}.
Source: DUNE-DAQ/trgdataformats TriggerPrimitive.hpp (version 1: @d2b27018, version 2: @90d351f9).

>>> TP_V1.itemsize, TP_V2.itemsize
(56, 24)
>>> tps = np.zeros(2, TP)
>>> tps["channel"], tps["time_start"], tps["samples_over_threshold"] = [5, 6], 2048, 9
>>> encode(tps[:1], 2).hex(" ", 8)
'0200000500000900 0008000000000000 0000000000000000'
>>> decode(encode(tps, 1))["channel"].tolist()
[5, 6]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.block import TIMESTAMP_PER_TICK
from streams.errors import UserError

INVALID_CHANNEL = 0xFFFFFF  # of version 2
VERSIONS = (1, 2)

#: The bytes of version 1. Times are in 62.5 MHz counts; the 18 bytes between fields have no meaning.
TP_V1 = np.dtype(
    {
        "names": [
            "version",
            "time_start",
            "time_peak",
            "time_over_threshold",
            "channel",
            "adc_integral",
            "adc_peak",
            "detid",
            "type",
            "algorithm",
            "flag",
        ],
        "formats": ["<u2", "<u8", "<u8", "<u8", "<i4", "<u4", "<u2", "<u2", "<u4", "<u4", "<u2"],
        "offsets": [0, 8, 16, 24, 32, 36, 40, 42, 44, 48, 52],
        "itemsize": 56,
    }
)

#: The bytes of version 2: three words of bit fields.
TP_V2 = np.dtype([("word0", "<u8"), ("time_start", "<u8"), ("word2", "<u8")])

#: Fields of version 2: (word, lowest bit, width).
V2_FIELDS: dict[str, tuple[str, int, int]] = {
    "version": ("word0", 0, 8),
    "flag": ("word0", 8, 8),
    "detid": ("word0", 16, 8),
    "channel": ("word0", 24, 24),
    "samples_over_threshold": ("word0", 48, 16),
    "time_start": ("time_start", 0, 64),
    "samples_to_peak": ("word2", 0, 16),
    "adc_integral": ("word2", 16, 32),
    "adc_peak": ("word2", 48, 16),
}

#: What algorithms give and take: fields by name, wide enough for both versions. Time in 62.5 MHz counts.
TP = np.dtype(
    [
        ("version", "<u2"),
        ("flag", "<u2"),
        ("detid", "<u2"),
        ("type", "<u2"),
        ("algorithm", "<u2"),
        ("adc_peak", "<u2"),
        ("channel", "<i4"),
        ("adc_integral", "<u4"),
        ("time_start", "<u8"),
        ("samples_over_threshold", "<u4"),
        ("samples_to_peak", "<u4"),
    ]
)

_SAME = ("version", "flag", "detid", "adc_peak", "channel", "adc_integral", "time_start")  # in both forms
_V1_ENUMS = ("type", "algorithm")
_KINDS = {1: TP_V1, 2: TP_V2}

Bytes = bytes | NDArray[np.uint8]


def version_of(raw: Bytes, where: str = "TPs") -> int:
    """Return the version of some TPs, 1 or 2; all of them must have it.

    Raises
    ------
    UserError : a version that is not known, a part of a TP at the end, or versions that are mixed.
    """
    first = np.frombuffer(raw, np.uint8, count=2) if len(raw) >= 2 else np.zeros(2, np.uint8)
    version = int(first.view("<u2")[0])
    version = version if version == 1 else version & 0xFF  # a version 2 has its flag in the next byte
    if version not in VERSIONS:
        raise UserError(
            f"{where}: got TPs of version {version}, want 1 or 2: they are damaged or of a newer format than is "
            "known here"
        )
    size = _KINDS[version].itemsize
    if len(raw) % size:
        raise UserError(
            f"{where}: got {len(raw)} bytes, want a multiple of {size}, the size of a TP of version {version}: they "
            "are cut short or have something behind them"
        )
    found = _versions(np.frombuffer(raw, _KINDS[version]), version)
    if np.any(found != version):
        at = int(np.argmax(found != version))
        raise UserError(
            f"{where}, TP {at}: got version {found[at]}, want {version} as in TP 0: versions are mixed or it is damaged"
        )
    return version


def _versions(records: NDArray[np.void], version: int) -> NDArray[Any]:
    return records["version"] if version == 1 else records["word0"] & np.uint64(0xFF)


def decode(raw: Bytes, where: str = "TPs") -> NDArray[np.void]:
    """Return TPs, TP array (n,), from their bytes.

    Version 1 has times in 62.5 MHz counts: samples are theirs divided by 32 and rounded down (some of DUNE's code puts
    the peak in the middle of the pulse, which can be half a sample); ``TP_V1`` reads them as they are. Version 2 has
    neither type nor algorithm: they are 0.

    Raises
    ------
    UserError : as ``version_of``; a version 1 that peaks before it starts, or a value that is out of range.
    """
    if not len(raw):
        return np.zeros(0, TP)
    version = version_of(raw, where)
    records = np.frombuffer(raw, _KINDS[version])
    return _from_v1(records, where) if version == 1 else _from_v2(records)


def _from_v1(records: NDArray[np.void], where: str) -> NDArray[np.void]:
    tps = np.zeros(len(records), TP)
    samples = {
        "samples_over_threshold": records["time_over_threshold"] // np.uint64(TIMESTAMP_PER_TICK),
        "samples_to_peak": (records["time_peak"] - records["time_start"]) // np.uint64(TIMESTAMP_PER_TICK),
    }
    values = {name: records[name] for name in (*_SAME, *_V1_ENUMS)} | samples
    for name, value in values.items():
        tps[name] = value
        if np.any(tps[name] != value):
            at = int(np.argmax(tps[name] != value))
            most = (1 << 8 * tps[name].itemsize) - 1
            raise UserError(
                f"{where}, TP {at}: got {name} {value[at]}, want at most {most}: it is damaged, or its peak is before "
                "its start"
            )
    return tps


def _from_v2(records: NDArray[np.void]) -> NDArray[np.void]:
    tps = np.zeros(len(records), TP)
    for name, (word, low, width) in V2_FIELDS.items():
        tps[name] = records[word] >> np.uint64(low) & np.uint64((1 << width) - 1)
    return tps


def encode(tps: NDArray[np.void], version: int) -> bytes:
    """Return the bytes of TPs in version 1 or 2, whatever their field ``version`` says.

    Version 2 has no place for type and algorithm: they are not written. Version 1 has the time of the peak and the time
    over threshold in 62.5 MHz counts: 32 for each sample.

    Raises
    ------
    ValueError : no such version, another dtype, or a value that the version's field cannot hold.
    """
    if version not in VERSIONS or tps.dtype != TP or tps.ndim != 1:
        raise ValueError(f"TPs: got version {version} of {tps.dtype} {tps.shape}, want 1 or 2 of (n,) {TP}")
    return (_to_v1(tps) if version == 1 else _to_v2(tps)).tobytes()


def _to_v1(tps: NDArray[np.void]) -> NDArray[np.void]:
    records = np.zeros(len(tps), TP_V1)
    for name in (*_SAME, *_V1_ENUMS):
        records[name] = tps[name]
    records["version"] = 1
    per_sample = np.uint64(TIMESTAMP_PER_TICK)
    to_peak = tps["samples_to_peak"] * per_sample
    room = np.uint64(2**64 - 1) - to_peak
    _check_most("time_start", tps["time_start"], room, 1)
    records["time_peak"] = tps["time_start"] + to_peak
    records["time_over_threshold"] = tps["samples_over_threshold"] * per_sample
    return records


def _to_v2(tps: NDArray[np.void]) -> NDArray[np.void]:
    records = np.zeros(len(tps), TP_V2)
    for name, (word, low, width) in V2_FIELDS.items():
        values = np.full(len(tps), 2, np.int64) if name == "version" else tps[name]
        _check_most(name, values, np.uint64((1 << width) - 1), 2)
        records[word] |= values.astype(np.uint64) << np.uint64(low)
    return records


def _check_most(name: str, values: NDArray[Any], most: Any, version: int) -> None:
    bad = (values.astype(np.uint64) > most) | (values < 0)
    if np.any(bad):
        at = int(np.argmax(bad))
        limit = int(most[at] if np.ndim(most) else most)
        raise ValueError(f"TP {at}: got {name} {values[at]}, version {version} holds 0 to {limit}")
