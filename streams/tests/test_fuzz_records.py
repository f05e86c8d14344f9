"""Any bytes into the readers of TPs, trigger objects and headers: a sentence, or just what the bytes say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.cluster import state_file
from streams.daq import fragment, headers, tp, trigger_objects
from streams.errors import UserError
from streams.tests.damage import FULL, damaged

EXAMPLES = settings(max_examples=2000 if FULL else 100, deadline=None, derandomize=not FULL)
SPAN = fragment.Span(7, 2048, 4 * 2048, 3)


def tps(count=9) -> np.ndarray:
    made = np.zeros(count, tp.TP)
    made["time_start"] = 32 * np.arange(1, count + 1)
    made["channel"], made["adc_peak"], made["adc_integral"] = np.arange(count), 100, 700
    made["samples_over_threshold"], made["samples_to_peak"] = 9, 3
    return made


def ta() -> bytes:
    one = np.zeros((), trigger_objects.TA)
    one["time_start"], one["channel_end"] = 32, 8
    return trigger_objects.encode_ta(one, tps(), 2) + trigger_objects.encode_ta(one, tps(2), 1)


def tc() -> bytes:
    tas = np.zeros(3, trigger_objects.TA)
    tas["version"] = trigger_objects.TA_VERSION
    return trigger_objects.encode_tc(np.zeros((), trigger_objects.TC), tas)


def back_tps(raw: bytes) -> bytes:
    found = tp.decode(raw, "tps.h5")
    return tp.encode(found, tp.version_of(raw)) if len(found) else b""


def back_tas(raw: bytes) -> int:
    return sum(1 + len(inputs) for _, inputs in trigger_objects.decode_tas(raw, "tas.h5"))


def back_tcs(raw: bytes) -> int:
    return sum(1 + len(inputs) for _, inputs in trigger_objects.decode_tcs(raw, "tcs.h5"))


#: What is read: good bytes, reader, what errors call them.
READERS = {
    "TPs of version 1": (tp.encode(tps(), 1), back_tps, "tps.h5"),
    "TPs of version 2": (tp.encode(tps(), 2), back_tps, "tps.h5"),
    "activities": (ta(), back_tas, "tas.h5"),
    "candidates": (tc(), back_tcs, "tcs.h5"),
    "fragment": (fragment.fragment_header(SPAN, 100, 7200), lambda raw: headers.fragment_header("f.h5", raw), "f.h5"),
    "record": (fragment.record_header(SPAN, [100, 101]), lambda raw: headers.record_header("r.h5", raw), "r.h5"),
    "old record": (fragment.record_header(SPAN, [100], version=3),
                   lambda raw: headers.record_header("r.h5", raw), "r.h5"),
    "slice": (fragment.slice_header(SPAN), lambda raw: headers.slice_header("s.h5", raw), "s.h5"),
}  # fmt: skip


def refused(name: str, raw: bytes) -> bool:
    """Return whether the reader refuses the bytes in one sentence that names where they are from."""
    _, read, where = READERS[name]
    try:
        read(raw)
    except UserError as error:
        assert "\n" not in str(error) and where in str(error)
        return True
    return False


@pytest.mark.parametrize("name", READERS)
def test_damaged_records(name):
    good = READERS[name][0]
    assert not refused(name, good)
    cuts = [refused(name, good[:size]) for size in range(1, len(good))]
    whole = {"TPs of version 1": 56, "TPs of version 2": 24}.get(name)
    if whole:  # what is left of a list of TPs may be one, too
        cuts = [was for size, was in enumerate(cuts, 1) if size % whole]
    if name == "activities":
        cuts = [was for size, was in enumerate(cuts, 1) if size != 88 + 9 * 24]
    assert all(cuts)
    for _, raw in damaged(good, 5):
        refused(name, raw)


@EXAMPLES
@given(st.sampled_from(list(READERS)), st.binary(max_size=300), st.integers(0, 80))
def test_any_bytes(name, raw, kept):
    refused(name, READERS[name][0][:kept] + raw)


@EXAMPLES
@given(st.integers(1, 2), st.binary(min_size=0, max_size=6 * 56))
def test_tps_of_any_content_come_back_as_they_were(version, raw):
    """Version 2 has no bytes without meaning: what is taken is given back, bit for bit."""
    size = {1: 56, 2: 24}[version]
    data = bytearray(raw[: len(raw) // size * size])
    for at in range(0, len(data), size):
        data[at : at + 2] = bytes([version, 0]) if version == 1 else bytes([version]) + data[at + 1 : at + 2]
    try:
        found = tp.decode(bytes(data), "tps.h5")
    except UserError:
        return
    if version == 2 or not len(found):
        assert tp.encode(found, version) == bytes(data)
    else:
        again = tp.decode(tp.encode(found, 1), "tps.h5")
        assert again.tobytes() == found.tobytes()


def test_a_damaged_state_is_no_state(tmp_path):
    path, state = tmp_path / "state", {"a": np.arange(50), "b": np.zeros((2, 3))}
    state_file.save(path, "run 1", state)
    good = path.read_bytes()
    for what, raw in damaged(good, 6):
        path.write_bytes(raw)
        assert state_file.load(path, "run 1") is None, what
    path.write_bytes(good)
    found = state_file.load(path, "run 1")
    assert found is not None and all(np.array_equal(found[name], state[name]) for name in state)
