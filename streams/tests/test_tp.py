"""TPs in both versions: every field at its limits, there and back; what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.daq import tp
from streams.daq import trigger_objects as objects
from streams.errors import UserError

LIMITS = {
    1: {
        "flag": 16,
        "detid": 16,
        "type": 16,
        "algorithm": 16,
        "adc_peak": 16,
        "channel": 31,
        "adc_integral": 32,
        "time_start": 60,
        "samples_over_threshold": 32,
        "samples_to_peak": 32,
    },
    2: {
        "flag": 8,
        "detid": 8,
        "adc_peak": 16,
        "channel": 24,
        "adc_integral": 32,
        "time_start": 64,
        "samples_over_threshold": 16,
        "samples_to_peak": 16,
    },
}


def made(seed: int, version: int, count: int = 1000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    tps = np.zeros(count, tp.TP)
    tps["version"] = version
    for name, bits in LIMITS[version].items():
        tps[name] = rng.integers(0, 1 << bits, count, np.uint64)
    return tps


@pytest.mark.parametrize("version", [1, 2])
def test_there_and_back(version):
    tps = made(1, version)
    raw = tp.encode(tps, version)
    assert len(raw) == len(tps) * {1: 56, 2: 24}[version]
    back = tp.decode(raw)
    assert back.dtype == tp.TP and np.array_equal(back, tps)
    assert tp.encode(back, version) == raw
    assert len(tp.decode(b"")) == 0 and tp.encode(tps[:0], version) == b""


@pytest.mark.parametrize(("version", "name"), [(v, name) for v, names in LIMITS.items() for name in names])
def test_each_field_at_its_limits(version, name):
    bits = LIMITS[version][name]
    tps = made(2, version, 2)
    tps[name][:] = 0, (1 << bits) - 1
    assert tp.decode(tp.encode(tps, version))[name].tolist() == [0, (1 << bits) - 1]
    if bits < 8 * tp.TP[name].itemsize and not (version == 1 and name in ("channel", "time_start")):
        tps[name][1] = 1 << bits
        with pytest.raises(ValueError, match=rf"TP 1: got {name} {1 << bits}, version {version} holds 0 to"):
            tp.encode(tps, version)


def test_what_a_version_cannot_hold_is_refused():
    tps = made(3, 2, 2)
    tps["channel"][1] = -1
    with pytest.raises(ValueError, match=r"TP 1: got channel -1, version 2 holds 0 to 16777215"):
        tp.encode(tps, 2)
    assert tp.decode(tp.encode(tps, 1))["channel"][1] == -1  # version 1 has a sign
    tps["time_start"][1], tps["samples_to_peak"][1] = 2**64 - 32, 1
    with pytest.raises(ValueError, match=r"TP 1: got time_start 18446744073709551584, version 1 holds 0 to"):
        tp.encode(tps, 1)
    for version, wrong in ((3, tps), (1, tps.reshape(1, 2)), (2, np.zeros(2, tp.TP_V2))):
        with pytest.raises(ValueError, match="want 1 or 2 of"):
            tp.encode(wrong, version)


def test_version_1_keeps_what_its_bytes_say_to_the_sample():
    # DUNE-DAQ/fdreadoutlibs puts time_peak in the middle of the pulse: half a sample of 32 counts is possible
    records = np.zeros(2, tp.TP_V1)
    records["version"], records["time_start"] = 1, 1000
    records["time_over_threshold"], records["time_peak"] = 96, [1048, 1095]
    tps = tp.decode(records.tobytes())
    assert tps["samples_to_peak"].tolist() == [1, 2] and tps["samples_over_threshold"].tolist() == [3, 3]
    records["time_peak"][1] = 999
    with pytest.raises(UserError, match=r"^x, TP 1: got samples_to_peak .* its peak is before its start"):
        tp.decode(records.tobytes(), "x")
    records["time_peak"][1], records["type"][1] = 1000, 1 << 16
    with pytest.raises(UserError, match=r"^x, TP 1: got type 65536, want at most 65535"):
        tp.decode(records.tobytes(), "x")


@pytest.mark.parametrize("version", [1, 2])
def test_bytes_that_are_not_whole_tps_are_refused(version):
    raw = tp.encode(made(4, version, 3), version)
    with pytest.raises(UserError, match=r"^x: got 1 bytes|^x: got TPs of version 0"):
        tp.decode(raw[:1], "x")
    with pytest.raises(UserError, match=rf"^x: got {len(raw) - 1} bytes, want a multiple of"):
        tp.decode(raw[:-1], "x")
    with pytest.raises(UserError, match=rf"^x: got {len(raw) + 3} bytes, want a multiple of"):
        tp.decode(raw + b"abc", "x")
    with pytest.raises(UserError, match=r"^x: got TPs of version 3, want 1 or 2: .* newer"):
        tp.decode(b"\3\0" + raw[2:], "x")
    size = len(raw) // 3
    mixed = raw[:size] + bytes([3 - version]) + raw[size + 1 :]
    with pytest.raises(UserError, match=rf"^x, TP 1: got version \d+, want {version} as in TP 0"):
        tp.decode(mixed, "x")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(raw):
    try:
        tps = tp.decode(raw)
    except UserError:
        return
    if len(tps):
        version = int(tps["version"][0])
        if version == 2:
            assert tp.encode(tps, 2) == raw
        else:
            assert np.array_equal(tp.decode(tp.encode(tps, 1)), tps)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=60), st.integers(0, 255), st.booleans())
def test_any_trigger_objects_decode_or_are_refused(tail, flip, candidates):
    ta = np.zeros((), objects.TA)
    raw = (
        objects.encode_tc(np.zeros((), objects.TC), np.zeros(2, objects.TA))
        if candidates
        else objects.encode_ta(ta, np.zeros(3, tp.TP), 2)
    )
    for damaged in (raw[: len(raw) - flip % len(raw)], raw + tail):
        try:
            list(objects.decode_tcs(damaged) if candidates else objects.decode_tas(damaged))
        except UserError as error:
            assert str(error).startswith("TCs, TC" if candidates else "TAs, TA")


def test_trigger_objects_follow_each_other_and_say_what_is_wrong():
    ta, tc = np.zeros((), objects.TA), np.zeros((), objects.TC)
    ta["channel_peak"], tc["detid"] = 7, 3
    tps = [made(5, 2, count) for count in (2, 0, 1)]
    raw = b"".join(objects.encode_ta(ta, one, 2) for one in tps)
    found = list(objects.decode_tas(raw))
    assert [int(one["channel_peak"]) for one, _ in found] == [7, 7, 7]
    assert all(np.array_equal(got, want) for (_, got), want in zip(found, tps, strict=True))
    with pytest.raises(UserError, match=r"^TAs, TA 2: got 23 bytes for its 1 inputs of 24"):
        list(objects.decode_tas(raw[:-1]))
    with pytest.raises(UserError, match=r"^TAs, TA 0: got a TA of version 2, want 1"):
        list(objects.decode_tas(b"\2" + raw[1:]))
    raw = objects.encode_tc(tc, np.array([ta, ta]))
    assert [len(tas) for _, tas in objects.decode_tcs(raw + raw)] == [2, 2]
    with pytest.raises(UserError, match=r"^TCs, TC 0: got a TC of version 3, want 2"):
        list(objects.decode_tcs(b"\3" + raw[1:]))
    with pytest.raises(UserError, match=r"^TCs, TC 0: got a TA of version 9, want 1"):
        list(objects.decode_tcs(raw[:56] + b"\x09" + raw[57:]))
    with pytest.raises(ValueError, match="inputs of a TC"):
        objects.encode_tc(tc, np.zeros(2, tp.TP))
    with pytest.raises(ValueError, match="trigger object"):
        objects.encode_tc(ta, np.zeros(2, objects.TA))
