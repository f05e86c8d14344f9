"""Trigger activities (TA, version 1) and candidates (TC, version 2) as DUNE's software lays them out, with inputs.

An object in a fragment is an overlay: the struct (80 bytes for a TA, 48 for a TC, native alignment), a u64 count, then
its inputs one after the other: TPs for a TA, TA structs for a TC (without their own TPs).
Source: DUNE-DAQ/trgdataformats @d2b27018 TriggerActivityData.hpp, TriggerCandidateData.hpp, TriggerObjectOverlay.hpp.

>>> TA.itemsize, TC.itemsize
(80, 48)
>>> ta = np.zeros((), TA)
>>> ta["type"], ta["algorithm"], ta["time_start"] = 1, 3, 2048
>>> raw = encode_ta(ta, np.zeros(2, tp.TP), tp_version=2)
>>> [(int(one["algorithm"]), len(tps)) for one, tps in decode_tas(raw)]
[(3, 2)]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.daq import tp
from streams.errors import UserError

TA_VERSION, TC_VERSION = 1, 2

#: kUnknown is 0 in each of these.
TA_TYPES = {"TPC": 1, "PDS": 2}
TA_ALGORITHMS = {
    "Supernova": 1,
    "Prescale": 2,
    "ADCSimpleWindow": 3,
    "HorizontalMuon": 4,
    "MichelElectron": 5,
    "DBSCAN": 6,
    "PlaneCoincidence": 7,
    "ChannelDistance": 8,
    "Bundle": 9,
    "ChannelAdjacency": 10,
}
TC_TYPES = {
    "Timing": 1,
    "TPCLowE": 2,
    "Supernova": 3,
    "Random": 4,
    "Prescale": 5,
    "ADCSimpleWindow": 6,
    "HorizontalMuon": 7,
    "MichelElectron": 8,
    "PlaneCoincidence": 9,
    "DBSCAN": 10,
    "ChannelDistance": 11,
    "Bundle": 12,
    "CTBFakeTrigger": 13,
    "CTBBeam": 14,
    "CTBBeamHiLoPressChkv": 15,
    "CTBBeamLoPressChkv": 16,
    "CTBBeamHiPressChkv": 17,
    "CTBOffSpillCosmic": 18,
    "CTBCosmic": 19,
    "CTBBeamNoChkv": 20,
    "CTBCosmicJura": 21,
    "CTBCosmicSaleve": 22,
    "NeutronSourceCalib": 23,
    "ChannelAdjacency": 24,
}
TC_ALGORITHMS = {
    "Supernova": 1,
    "HSIEventToTriggerCandidate": 2,
    "Prescale": 3,
    "ADCSimpleWindow": 4,
    "HorizontalMuon": 5,
    "MichelElectron": 6,
    "PlaneCoincidence": 7,
    "Custom": 8,
    "DBSCAN": 9,
    "ChannelDistance": 10,
    "Bundle": 11,
    "ChannelAdjacency": 12,
}


def _struct(size: int, **fields: tuple[int, str]) -> np.dtype[Any]:
    offsets, formats = zip(*fields.values(), strict=True)
    return np.dtype({"names": list(fields), "formats": formats, "offsets": offsets, "itemsize": size})


#: A trigger activity; bytes 2 to 7, 52 to 55 and 76 to 79 have no meaning.
TA = _struct(
    80,
    version=(0, "<u2"),
    time_start=(8, "<u8"),
    time_end=(16, "<u8"),
    time_peak=(24, "<u8"),
    time_activity=(32, "<u8"),
    channel_start=(40, "<i4"),
    channel_end=(44, "<i4"),
    channel_peak=(48, "<i4"),
    adc_integral=(56, "<u8"),
    adc_peak=(64, "<u2"),
    detid=(66, "<u2"),
    type=(68, "<i4"),
    algorithm=(72, "<i4"),
)

#: A trigger candidate; bytes 2 to 7, 34 to 35 and 44 to 47 have no meaning.
TC = _struct(
    48,
    version=(0, "<u2"),
    time_start=(8, "<u8"),
    time_end=(16, "<u8"),
    time_candidate=(24, "<u8"),
    detid=(32, "<u2"),
    type=(36, "<i4"),
    algorithm=(40, "<i4"),
)

_COUNT = np.dtype("<u8")


def encode_ta(ta: NDArray[np.void], tps: NDArray[np.void], tp_version: int) -> bytes:
    """Return one TA with its TPs, in TP version 1 or 2; ``ta`` is a TA array of no dimension, its version is set.

    Raises
    ------
    ValueError : another dtype, no such TP version, or a value that the version cannot hold.
    """
    return _head(ta, TA, TA_VERSION, len(tps)) + tp.encode(tps, tp_version)


def encode_tc(tc: NDArray[np.void], tas: NDArray[np.void]) -> bytes:
    """Return one TC with its TAs, a TA array (n,); ``tc`` is a TC array of no dimension. Versions are set.

    Raises
    ------
    ValueError : another dtype.
    """
    if not _has_fields(tas, TA) or tas.ndim != 1:
        raise ValueError(f"inputs of a TC: got {tas.dtype} {tas.shape}, want TA (n,)")
    return _head(tc, TC, TC_VERSION, len(tas)) + b"".join(_plain(one, TA, TA_VERSION) for one in tas)


def decode_tas(raw: bytes, where: str = "TAs") -> Iterator[tuple[NDArray[np.void], NDArray[np.void]]]:
    """Yield (TA, its TPs as a TP array) for each object in the payload of a fragment.

    Raises
    ------
    UserError : another version, an object that is cut short, or TPs that ``tp.decode`` refuses.
    """
    at = number = 0
    while at < len(raw):
        place = f"{where}, TA {number}"
        ta, count, at = _object(raw, at, place, TA, TA_VERSION)
        size = tp.TP_V1.itemsize if raw[at : at + 1] == b"\x01" else tp.TP_V2.itemsize
        inputs = _inputs(raw, at, place, count, size)
        yield ta, tp.decode(inputs, place)
        at += len(inputs)
        number += 1


def decode_tcs(raw: bytes, where: str = "TCs") -> Iterator[tuple[NDArray[np.void], NDArray[np.void]]]:
    """Yield (TC, its TAs as a TA array) for each object in the payload of a fragment.

    Raises
    ------
    UserError : another version, or an object that is cut short.
    """
    at = number = 0
    while at < len(raw):
        place = f"{where}, TC {number}"
        tc, count, at = _object(raw, at, place, TC, TC_VERSION)
        inputs = _inputs(raw, at, place, count, TA.itemsize)
        tas = np.frombuffer(inputs, TA)
        for version in tas["version"].tolist():
            _check_version(place, "TA", version, TA_VERSION)
        yield tc, tas
        at += len(inputs)
        number += 1


def _plain(one: NDArray[np.void], kind: np.dtype[Any], version: int) -> bytes:
    """Return the bytes of a struct: those without meaning are 0, whatever they were."""
    made = np.zeros((), kind)
    for name in kind.names or ():
        made[name] = one[name]
    made["version"] = version
    return made.tobytes()


def _has_fields(array: NDArray[np.void], kind: np.dtype[Any]) -> bool:
    """Say whether an array has the fields of a struct; numpy drops the gaps between them when it joins arrays."""
    names = kind.names or ()
    return array.dtype.names == names and all(array.dtype[name] == kind[name] for name in names)


def _head(one: NDArray[np.void], kind: np.dtype[Any], version: int, count: int) -> bytes:
    if not _has_fields(one, kind) or one.ndim:
        raise ValueError(f"trigger object: got {one.dtype} {one.shape}, want () of {kind}")
    return _plain(one, kind, version) + np.array(count, _COUNT).tobytes()


def _object(
    raw: bytes, at: int, where: str, kind: np.dtype[Any], version: int
) -> tuple[NDArray[np.void], int, int]:
    """Return the struct at byte ``at``, its count of inputs and where they begin."""
    end = at + kind.itemsize + _COUNT.itemsize
    if end > len(raw):
        raise UserError(f"{where}: got {len(raw) - at} bytes, want at least {end - at}: it is cut short")
    one = np.frombuffer(raw, kind, 1, at).reshape(())
    _check_version(where, where.rsplit(" ", 2)[-2], int(one["version"]), version)
    return one, int(np.frombuffer(raw, _COUNT, 1, end - _COUNT.itemsize)[0]), end


def _inputs(raw: bytes, at: int, where: str, count: int, size: int) -> bytes:
    if count * size > len(raw) - at:
        raise UserError(
            f"{where}: got {len(raw) - at} bytes for its {count} inputs of {size}: it is damaged or cut short"
        )
    return raw[at : at + count * size]


def _check_version(where: str, name: str, got: int, want: int) -> None:
    if got != want:
        raise UserError(
            f"{where}: got a {name} of version {got}, want {want}: it is damaged or of another release of DUNE-DAQ"
        )
