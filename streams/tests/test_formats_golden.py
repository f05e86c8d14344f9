"""Golden bytes of every format, printed by DUNE's own structs, compiled from the headers that are named."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from streams.daq import adc_words, fragment, headers, spans, tp, wibeth
from streams.daq import trigger_objects as objects
from streams.errors import UserError

# DUNE-DAQ/daqdataformats @3f617d5c: FragmentHeader, TriggerRecordHeaderData, TimeSliceHeader, ComponentRequest
FRAGMENT = (
    "2222111105000000 0807060504030201 1817161514131211 2827262524232221 3837363534333231 4847464544434241"
    "5453525164636261 7473727182819291 02000100a4a3a2a1"
)
RECORD = (
    "4444333304000000 1817161514131211 2827262524232221 3837363534333231 5453525164636261 7877767574737271"
    "82819291ffffffff 02000400a4a3a2a1"
)
SLICE = "6666555502000000 1817161514131211 54535251ffffffff 02000400a4a3a2a1"
REQUEST = "02000000ffffffff 02000300a4a3a2a1 3837363534333231 4847464544434241"
# The same daqdataformats, docs/TriggerRecordHeaderDataV3.md: 56 bytes
OLD_RECORD = (
    "4444333303000000 1817161514131211 2827262524232221 0000000000000000 5453525164636261 72718281 9291ffff"
    "02000400a4a3a2a1"
)
# DUNE-DAQ/trgdataformats @d2b27018 (TP v1, TA v1, TC v2), @90d351f9 (TP v2)
TP_1 = (
    "0100000000000000 1817161514131211 5817161514131211 e040000000000000 3433323144434241 5251626102000000"
    "0300000072710000"
)
TP_2 = "0291a3d6c5b42817 1817161514131211 49398d7c6b5aaf9e"
TA = (
    "0100000000000000 1817161514131211 2827262524232221 3837363534333231 4847464544434241 5453525164636261"
    "7473727100000000 8887868584838281 9291a2a101000000 0a00000000000000"
)
TC = "0200000000000000 1817161514131211 2827262524232221 3837363534333231 4241000003000000 0b00000000000000"
# DUNE-DAQ/fddetdataformats @c870b12a WIBEthFrame, DUNE-DAQ/detdataformats @2201c1be DAQEthHeader
FRAME_HEADER = "6a556a0e6fbc2a38 8877665544332211 5ada34124d6b9de7 00ffeeddccbbaa99"
FRAME_SAMPLE_0 = (
    "0180403020100c05 84417160201c0988 42b2a0302c0d8c43 f3e0403c11904434 21514c1594457561 615c199846b6a171"
    "6c1d9c47f7e1817c 21a0483822928c25 a4497962a29c29a8 4abaa2b2ac2dac4b fbe2c2bc31b04c3c 23d3cc35b44d7d63"
    "e3dc39b84ebea3f3 ec3dbc4fffe303fd"
)
FRAME_CHECK = 0xE11A7CBE73CA3CC9  # by the rule in docs/formats.md, in plain integers
FRAME_SHA256 = "377c9059c3880beec91454e3dc948a57be050eea0dc7d661b065893f1e7738e6"

FRAME_FIELDS = {
    "version": 0x2A,
    "det_id": 0x15,
    "crate_id": 0x2A5,
    "slot_id": 0x9,
    "stream_id": 0xC3,
    "reserved": 0x1B,
    "seq_id": 0xABC,
    "block_length": 0x382,
    "timestamp": 0x1122334455667788,
    "colddata_timestamp_0": 0x5A5A,
    "pad_0": 1,
    "colddata_timestamp_1": 0x1234,
    "pad_1": 0,
    "cd": 1,
    "crc_err": 2,
    "link_valid": 1,
    "lol": 0,
    "wib_sync": 1,
    "femb_sync": 2,
    "pulser": 1,
    "calibration": 0,
    "ready": 1,
    "context": 0xD6,
    "wib_version": 0x9,
    "channel": 0xE7,
    "extra_data": 0x99AABBCCDDEEFF00,
}


def numbered(kind: np.dtype, **values: int | tuple[int, ...]) -> bytes:
    made = np.zeros((), kind)
    for name, value in values.items():
        made[name] = value
    return made.tobytes()


def test_fragment_header():
    raw = bytes.fromhex(FRAGMENT)
    want = {
        "marker": 0x11112222,
        "version": 5,
        "size": 0x0102030405060708,
        "trigger_number": 0x1112131415161718,
        "trigger_timestamp": 0x2122232425262728,
        "window_begin": 0x3132333435363738,
        "window_end": 0x4142434445464748,
        "run_number": 0x51525354,
        "error_bits": 0x61626364,
        "fragment_type": 0x71727374,
        "sequence_number": 0x8182,
        "detector_id": 0x9192,
        "element_id": (2, 1, 0xA1A2A3A4),
    }
    assert headers.fragment_header("x", raw) == want
    assert numbered(fragment.FRAGMENT_HEADER, **want) == raw
    assert headers.fragment_header("x", raw[:4] + b"\6" + raw[5:]) == {**want, "version": 6}


RECORD_WANT = {
    "marker": 0x33334444,
    "trigger_number": 0x1112131415161718,
    "trigger_timestamp": 0x2122232425262728,
    "run_number": 0x51525354,
    "error_bits": 0x61626364,
    "sequence_number": 0x8182,
    "max_sequence_number": 0x9192,
    "element_id": (2, 4, 0xA1A2A3A4),
}


def with_components(raw: bytes, count: int) -> bytes:
    return raw[:24] + count.to_bytes(8, "little") + raw[32:] + count * bytes.fromhex(REQUEST)


@pytest.mark.parametrize("version", [4, 5])
def test_record_header_and_component_request(version):
    raw = bytes.fromhex(RECORD)
    want = {**RECORD_WANT, "trigger_type": 0x7172737475767778, "unused": 0xFFFFFFFF}
    assert numbered(fragment.RECORD_HEADER, version=4, components=0x3132333435363738, **want) == raw
    raw = raw[:4] + bytes([version]) + raw[5:]
    header, requests = headers.record_header("x", with_components(raw, 2))
    assert header == {**want, "version": version, "components": 2}
    request = (2, 0xFFFFFFFF, (2, 3, 0xA1A2A3A4), 0x3132333435363738, 0x4142434445464748)
    assert requests.tolist() == [request] * 2
    assert requests[:1].tobytes() == bytes.fromhex(REQUEST)


@pytest.mark.parametrize("version", [3, 4])
def test_older_record_header_of_56_bytes(version):
    raw = bytes.fromhex(OLD_RECORD)
    want = {**RECORD_WANT, "trigger_type": 0x7172, "unused": 0xFFFF}
    assert len(raw) == 56 and numbered(fragment.OLD_RECORD_HEADER, version=3, components=0, **want) == raw
    header, requests = headers.record_header("x", with_components(raw[:4] + bytes([version]) + raw[5:], 3))
    assert header == {**want, "version": version, "components": 3} and len(requests) == 3
    span = fragment.Span(number=1, begin=2, end=3, run_number=4)
    written, requests = headers.record_header("x", fragment.record_header(span, [7, 8], version=3))
    assert (written["version"], written["trigger_number"], written["components"]) == (3, 1, 2)
    assert requests["component"]["id"].tolist() == [7, 8]


def test_time_slice_header():
    want = {"marker": 0x55556666, "version": 2, "number": 0x1112131415161718, "run_number": 0x51525354}
    want |= {"unused": 0xFFFFFFFF, "element_id": (2, 4, 0xA1A2A3A4)}
    assert headers.slice_header("x", bytes.fromhex(SLICE)) == want
    assert numbered(fragment.SLICE_HEADER, **want) == bytes.fromhex(SLICE)


@pytest.mark.parametrize(
    ("read", "golden", "versions"),
    [
        (headers.fragment_header, FRAGMENT, "5 or 6"),
        (headers.record_header, RECORD, "3 or 4 or 5"),
        (headers.slice_header, SLICE, "2"),
    ],
)
def test_other_versions_markers_and_cut_headers_are_refused(read, golden, versions):
    raw = bytes.fromhex(golden)
    with pytest.raises(UserError, match=f"^here: got a .* header of version 7, want {versions}: .* newer"):
        read("here", raw[:4] + b"\7" + raw[5:])
    with pytest.raises(UserError, match=f"^here: got a .* header of version 1, want {versions}: .* older"):
        read("here", raw[:4] + b"\1" + raw[5:])
    with pytest.raises(UserError, match=r"^here: got the marker 0x"):
        read("here", b"\0" + raw[1:])
    with pytest.raises(UserError, match=r"^here is cut short: got 9 bytes, want at least"):
        read("here", raw[:9])


def test_record_header_with_requests_that_do_not_fit():
    raw = with_components(bytes.fromhex(RECORD), 2)
    for wrong in (raw[:-1], raw + b"\0", raw[:-32], raw + raw[-32:]):
        with pytest.raises(UserError, match=rf"^here: got {len(wrong)} bytes, want 128"):
            headers.record_header("here", wrong)
    with pytest.raises(UserError, match=r"^here: request 1: got a component request of version 3, want 2"):
        headers.record_header("here", raw[:-32] + b"\3" + raw[-31:])
    with pytest.raises(UserError, match=r"^here: got a source id of version 3, want 2"):
        headers.record_header("here", raw[:56] + b"\3" + raw[57:])


def test_wibeth_frame():
    frame = wibeth.empty_frames(1)
    for name, value in FRAME_FIELDS.items():
        wibeth.set_field(frame, name, value)
    assert frame[0, :4].tobytes() == bytes.fromhex(FRAME_HEADER)
    channel, sample = np.arange(64), np.arange(64)[:, None]
    adc = ((channel * 257 + sample * 4099 + 1) & 0x3FFF).astype(np.uint16)[None]
    adc_words.pack(adc, frame)
    assert frame[0, 4:18].tobytes() == bytes.fromhex(FRAME_SAMPLE_0)
    assert hashlib.sha256(frame.tobytes()).hexdigest() == FRAME_SHA256
    assert {name: int(wibeth.get_field(frame, name)[0]) for name in wibeth.FIELDS} == FRAME_FIELDS
    assert np.array_equal(adc_words.unpack(frame), adc)
    assert int(spans.frame_checks(frame)[0]) == FRAME_CHECK  # ours; files hold it, so it must never change


def test_the_bits_that_a_public_decoder_gets_wrong():
    # dune-lardon/lardon wib_daq.py takes lol from bit 36 and wib_sync from bit 37, one too low
    word = int.from_bytes(bytes.fromhex(FRAME_HEADER)[16:24], "little")
    assert (word >> 37 & 1, word >> 38 & 1) == (FRAME_FIELDS["lol"], FRAME_FIELDS["wib_sync"]) == (0, 1)
    assert (word >> 36 & 1, word >> 37 & 1) == (0, 0), "decoded one bit too low the link looks out of step"


TPS = {
    1: {
        "version": 1,
        "time_start": 0x1112131415161718,
        "samples_to_peak": 2,
        "samples_over_threshold": 0x40E0 // 32,
        "channel": 0x31323334,
        "adc_integral": 0x41424344,
        "adc_peak": 0x5152,
        "detid": 0x6162,
        "type": 2,
        "algorithm": 3,
        "flag": 0x7172,
    },
    2: {
        "version": 2,
        "flag": 0x91,
        "detid": 0xA3,
        "channel": 0xB4C5D6,
        "samples_over_threshold": 0x1728,
        "time_start": 0x1112131415161718,
        "samples_to_peak": 0x3949,
        "adc_integral": 0x5A6B7C8D,
        "adc_peak": 0x9EAF,
        "type": 0,
        "algorithm": 0,
    },
}
GOLDEN_TPS = {1: bytes.fromhex(TP_1), 2: bytes.fromhex(TP_2)}


@pytest.mark.parametrize("version", [1, 2])
def test_trigger_primitive(version):
    tps = tp.decode(GOLDEN_TPS[version])
    assert tps.shape == (1,) and {name: tps[name][0].item() for name in tp.TP.names} == TPS[version]
    assert tp.encode(tps, version) == GOLDEN_TPS[version]


def test_trigger_activity_and_candidate():
    ta, tc = (np.frombuffer(bytes.fromhex(text), kind) for text, kind in ((TA, objects.TA), (TC, objects.TC)))
    assert ta[0].tolist() == (
        1,
        0x1112131415161718,
        0x2122232425262728,
        0x3132333435363738,
        0x4142434445464748,
        0x51525354,
        0x61626364,
        0x71727374,
        0x8182838485868788,
        0x9192,
        0xA1A2,
        objects.TA_TYPES["TPC"],
        objects.TA_ALGORITHMS["ChannelAdjacency"],
    )
    assert tc[0].tolist() == (
        2,
        0x1112131415161718,
        0x2122232425262728,
        0x3132333435363738,
        0x4142,
        objects.TC_TYPES["Supernova"],
        objects.TC_ALGORITHMS["Bundle"],
    )
    # overlays: data, count, inputs; from offsets 80 and 48 on (offsetof of n_inputs, upstream)
    second = bytes.fromhex(TP_1)[:32] + bytes.fromhex("05000000") + bytes.fromhex(TP_1)[36:]
    raw = bytes.fromhex(TA) + bytes.fromhex("0200000000000000") + bytes.fromhex(TP_1) + second
    [(found, tps)] = objects.decode_tas(raw)
    assert found == ta[0] and tps["channel"].tolist() == [0x31323334, 5]
    assert objects.encode_ta(found, tps, tp_version=1) == raw
    raw = bytes.fromhex(TC) + bytes.fromhex("0100000000000000") + bytes.fromhex(TA)
    [(found, tas)] = objects.decode_tcs(raw)
    assert found == tc[0] and tas.tolist() == ta.tolist()
    assert objects.encode_tc(found, tas) == raw
