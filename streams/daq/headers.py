"""Read DUNE-DAQ's headers with all checks: what is not as it must be ends in one sentence.

>>> raw = fragment.slice_header(fragment.Span(number=3, begin=0, end=0, run_number=7))
>>> slice_header("x.hdf5: TimeSlice000003", raw)["number"]
3
>>> slice_header("x.hdf5: TimeSlice000003", raw[:4] + bytes([9]) + raw[5:])
Traceback (most recent call last):
streams.errors.UserError: x.hdf5: TimeSlice000003: got a time slice header of version 9, want 2: ...
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.daq import fragment
from streams.errors import UserError


def fragment_header(where: str, raw: bytes) -> dict[str, Any]:
    """Return the fields of a fragment's header; ``raw`` are its first 72 bytes or more.

    Raises
    ------
    UserError : cut short, another marker, a version that is not 5 or 6, another version of the source id.
    """
    header = _checked(where, raw, "fragment", fragment.FRAGMENT_HEADER, _Want.FRAGMENT)
    _check_source(where, header)
    return header


def record_header(where: str, raw: bytes) -> tuple[dict[str, Any], NDArray[np.void]]:
    """Return the fields of a trigger record header and its component requests, of all bytes of its dataset.

    Versions 4 and 5 have 64 bytes, version 3 has 56; a header of version 4 that fits its size with 56 bytes only is
    read so (a public decoder has it that way).

    Raises
    ------
    UserError : as ``fragment_header``; component requests that are not there, too many or of another version.
    """
    header = _checked(where, raw, "trigger record", fragment.OLD_RECORD_HEADER, _Want.RECORD)
    kind = fragment.OLD_RECORD_HEADER
    if header["version"] >= fragment.RECORD_VERSION and not _fits(raw, kind, header["components"]):
        kind = fragment.RECORD_HEADER
        header = _checked(where, raw, "trigger record", kind, _Want.RECORD)
    if not _fits(raw, kind, header["components"]):
        want = kind.itemsize + header["components"] * fragment.COMPONENT.itemsize
        raise UserError(
            f"{where}: got {len(raw)} bytes, want {want}: a header of {kind.itemsize} and {header['components']} "
            "component requests of 32: the file is damaged or cut short"
        )
    _check_source(where, header)
    requests = np.frombuffer(raw, fragment.COMPONENT, offset=kind.itemsize)
    for number, version in enumerate(requests["version"].tolist()):
        if version != fragment.REQUEST_VERSION:
            raise UserError(_version(f"{where}: request {number}", "component request", version, (2,)))
    return header, requests


def slice_header(where: str, raw: bytes) -> dict[str, Any]:
    """Return the fields of a time slice header.

    Raises
    ------
    UserError : as ``fragment_header``, of version 2.
    """
    header = _checked(where, raw, "time slice", fragment.SLICE_HEADER, _Want.SLICE)
    _check_source(where, header)
    return header


class _Want:
    """Marker and versions of each kind."""

    FRAGMENT = (fragment.FRAGMENT_MAGIC, fragment.FRAGMENT_VERSIONS)
    RECORD = (fragment.RECORD_MAGIC, fragment.RECORD_VERSIONS)
    SLICE = (fragment.SLICE_MAGIC, (fragment.SLICE_VERSION,))


def _checked(
    where: str, raw: bytes, name: str, kind: np.dtype[Any], want: tuple[int, tuple[int, ...]]
) -> dict[str, Any]:
    try:
        header = fragment.parse(raw, kind)
    except ValueError as error:
        raise UserError(f"{where} is cut short: {error} of its {name} header") from error
    if header["marker"] != want[0]:
        raise UserError(
            f"{where}: got the marker {header['marker']:#010x}, want {want[0]:#010x} of a {name} header: the file is "
            "damaged or of another format"
        )
    if header["version"] not in want[1]:
        raise UserError(_version(where, f"{name} header", header["version"], want[1]))
    return header


def _check_source(where: str, header: dict[str, Any]) -> None:
    version = header["element_id"][0]
    if version != fragment.SOURCE_VERSION:
        raise UserError(_version(where, "source id", version, (fragment.SOURCE_VERSION,)))


def _fits(raw: bytes, kind: np.dtype[Any], components: int) -> bool:
    return len(raw) == kind.itemsize + components * fragment.COMPONENT.itemsize


def _version(where: str, name: str, got: int, want: tuple[int, ...]) -> str:
    wanted = " or ".join(map(str, want))
    what = (
        "it was written by a newer DUNE-DAQ than is known here: convert it or update"
        if got > max(want)
        else "it was written by an older DUNE-DAQ than is known here, or is damaged"
    )
    return f"{where}: got a {name} of version {got}, want {wanted}: {what}"
