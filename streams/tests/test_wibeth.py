from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from streams.daq import adc_words, wibeth

UPSTREAM = Path(__file__).parents[3] / "shared/data/tpg/frames.bin.xz"


def bits_of(frame: np.ndarray) -> int:
    """The frame as one number: bit n of the frame is bit n of the number."""
    return int.from_bytes(frame.tobytes(), "little")


def test_golden_header():
    # word 0, from the top: block_length 898 = 0x382, seq_id 0xABC, reserved 0, stream_id 0x43, slot_id 4,
    # crate_id 1, det_id 3, version 4:
    #   0011 1000 0010 | 1010 1011 1100 | 000000 | 0100 0011 | 0100 | 00 0000 0001 | 000011 | 000100
    frame = wibeth.empty_frames(1)
    frame[0, 0] = wibeth.header_word(slot_id=4, stream_id=67, crate_id=1)
    wibeth.set_field(frame, "seq_id", 0xABC)
    wibeth.set_field(frame, "timestamp", 0x0123456789ABCDEF)
    assert frame[0, :2].tobytes() == bytes.fromhex("c4 10 00 0d 01 bc 2a 38  ef cd ab 89 67 45 23 01")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("colddata_timestamp_0", 0x0000_0000_0000_7FFF),
        ("colddata_timestamp_1", 0x0000_0000_7FFF_0000),
        ("cd", 0x0000_0001_0000_0000),
        ("crc_err", 0x0000_0006_0000_0000),
        ("link_valid", 0x0000_0018_0000_0000),
        ("lol", 0x0000_0020_0000_0000),  # bit 37; bit 36 in a public decoder that is off by one
        ("wib_sync", 0x0000_0040_0000_0000),
        ("femb_sync", 0x0000_0180_0000_0000),
        ("pulser", 0x0000_0200_0000_0000),
        ("calibration", 0x0000_0400_0000_0000),
        ("ready", 0x0000_0800_0000_0000),
        ("context", 0x000F_F000_0000_0000),
        ("wib_version", 0x00F0_0000_0000_0000),
        ("channel", 0xFF00_0000_0000_0000),
    ],
)
def test_golden_status_word(name, word):
    frame = wibeth.empty_frames(1)
    wibeth.set_field(frame, name, (1 << wibeth.FIELDS[name][2]) - 1)
    assert int(frame[0, 2]) == word
    assert np.count_nonzero(frame) == 1


def test_golden_frame_with_every_field_set():
    # Each field has a value of its own, so that no two can change places unseen. Bits from the top of each word:
    #   word 0  block_length 0x382 | seq_id 0xABC | reserved 0x2A | stream_id 0x43 | slot_id 0x5 | crate_id 0x2C1 |
    #           det_id 0x0B | version 0x15
    #   word 2  channel 0xC5 | wib_version 0x9 | context 0x6E | ready 1 | calibration 0 | pulser 1 | femb_sync 2 |
    #           wib_sync 1 | lol 0 | link_valid 2 | crc_err 1 | cd 1 | pad_1 1 | colddata_timestamp_1 0x3456 |
    #           pad_0 0 | colddata_timestamp_0 0x5A5A
    # A public decoder reads lol from bit 36 and wib_sync from bit 37 of word 2 (dune-lardon/lardon wib_daq.py); here
    # bit 36 (of link_valid) is 1, bit 37 (lol) 0 and bit 38 (wib_sync) 1: it would see lol set and wib_sync not.
    values = {
        "version": 0x15, "det_id": 0x0B, "crate_id": 0x2C1, "slot_id": 5, "stream_id": 0x43, "reserved": 0x2A,
        "seq_id": 0xABC, "block_length": 0x382, "timestamp": 0x0123_4567_89AB_CDEF,
        "colddata_timestamp_0": 0x5A5A, "pad_0": 0, "colddata_timestamp_1": 0x3456, "pad_1": 1, "cd": 1,
        "crc_err": 1, "link_valid": 2, "lol": 0, "wib_sync": 1, "femb_sync": 2, "pulser": 1, "calibration": 0,
        "ready": 1, "context": 0x6E, "wib_version": 9, "channel": 0xC5, "extra_data": 0xFEDC_BA98_7654_3210,
    }  # fmt: skip
    assert set(values) == set(wibeth.FIELDS)
    frame = wibeth.empty_frames(1)
    for name, value in values.items():
        wibeth.set_field(frame, name, value)
    assert frame.tobytes()[:32] == bytes.fromhex(
        "d5 12 6c 0d a9 bc 2a 38  ef cd ab 89 67 45 23 01  5a 5a 56 b4 53 eb 96 c5  10 32 54 76 98 ba dc fe"
    )
    assert {name: int(wibeth.get_field(frame, name)[0]) for name in values} == values
    status = int(frame[0, 2])
    assert (status >> 36 & 1, status >> 37 & 1, status >> 38 & 1) == (1, 0, 1)


def test_fields_cover_the_four_header_words_once():
    covered = [0] * 4
    for word, low, width in wibeth.FIELDS.values():
        mask = ((1 << width) - 1) << low
        assert covered[word] & mask == 0
        covered[word] |= mask
    assert covered == [2**64 - 1] * 4


def test_golden_samples():
    # Sample 0: channel 0 = 0x3FFF fills bits 0-13; channel 4 = 0x2A01 straddles words 0 and 1 (bits 56-69):
    # its low byte 01 is byte 7, its upper six bits (0x2A) the low bits of byte 8; channel 63 = 0x2001 has the
    # last 14 bits of the row (882-895): bytes 110 and 111 of the row are 04 and 80.
    adc = np.zeros((1, 64, 64), np.uint16)
    adc[0, 0, [0, 4, 63]] = 0x3FFF, 0x2A01, 0x2001
    adc[0, 63, 63] = 0x3FFF  # the last 14 bits of the frame: bytes 7198 (upper six bits) and 7199
    frame = wibeth.empty_frames(1)
    adc_words.pack(adc, frame)
    raw = frame.tobytes()
    assert len(raw) == 7200
    assert raw[32:41] == bytes.fromhex("ff 3f 00 00 00 00 00 01 2a")
    assert raw[32 + 110 : 32 + 112] == bytes.fromhex("04 80")
    assert raw[7198:] == bytes.fromhex("fc ff")
    assert sum(byte != 0 for byte in raw) == 8


@pytest.mark.parametrize("value", [0, 1], ids=["one bit set", "one bit clear"])
def test_every_bit_of_the_samples_has_its_place(value):
    bits = np.arange(896)
    for tick in range(64):
        frames = np.full((896, 900), 0 if value == 0 else 2**64 - 1, np.uint64)
        frames[bits, 4 + 14 * tick + bits // 64] ^= np.uint64(1) << (bits % 64).astype(np.uint64)
        want = np.full((896, 64, 64), 0 if value == 0 else 0x3FFF, np.uint16)
        want[bits, tick, bits // 14] ^= (1 << bits % 14).astype(np.uint16)
        assert np.array_equal(adc_words.unpack(frames), want)
        again = np.full_like(frames, frames[0, 0])
        adc_words.pack(want, again)
        assert np.array_equal(again, frames)


@pytest.mark.parametrize("offset", [0, 1, 2, 6])
def test_no_byte_beside_frames_and_samples_is_touched(offset):
    # 4 500 frames go past the caches if their address allows it, 3 do not; both end where they should.
    for n in (3, 4500):
        adc = np.random.default_rng(n).integers(0, 0x4000, (n, 64, 64), np.uint16)
        room = np.full(7200 * n + 64, 0xA5, np.uint8)
        frames = room[16:][: 7200 * n].view(np.uint64).reshape(n, 900)
        frames[:, :4] = 0x0123456789ABCDEF
        adc_words.pack(adc, frames)
        assert (room[:16] == 0xA5).all() and (room[16 + 7200 * n :] == 0xA5).all()
        assert (frames[:, :4] == 0x0123456789ABCDEF).all()
        moved = np.zeros(7200 * n + 8, np.uint8)[offset:][: 7200 * n]
        moved[:] = frames.reshape(-1).view(np.uint8)
        moved.flags.writeable = False
        target = np.full(4096 * n + 64, 0xA5A5, np.uint16)
        out = target[8 + offset // 2 :][: 4096 * n].reshape(n, 64, 64)
        assert adc_words.unpack(moved.view(np.uint64).reshape(n, 900), out) is out
        assert np.array_equal(out, adc)
        assert np.count_nonzero(target == 0xA5A5) == 64
        for part in (slice(0, 1), slice(n // 2, n // 2 + 2)):
            assert np.array_equal(adc_words.unpack(frames[part]), adc[part])


def test_more_than_14_bits_is_found_at_every_place():
    adc, frames = np.zeros((1, 64, 64), np.uint16), wibeth.empty_frames(1)
    for place in np.ndindex(64, 64):
        adc[0][place] = 0x8000 if sum(place) % 2 else 0x4000
        with pytest.raises(ValueError, match=f"sample {place[0]}, channel {place[1]}: got"):
            adc_words.pack(adc, frames)
        adc[0][place] = 0


def test_targets_that_do_not_fit_are_refused():
    frames, adc = wibeth.empty_frames(2), np.zeros((2, 64, 64), np.uint16)
    for out in (adc[:1], adc.astype(np.int16), np.zeros((2, 64, 128), np.uint16)[:, :, ::2]):
        with pytest.raises(ValueError, match=r"WIBEth unpack: got u?int16 .* to fill, want uint16"):
            adc_words.unpack(frames, out)
    for bad in (frames.view(np.int64), np.zeros((2, 1800), np.uint64)[:, ::2]):
        with pytest.raises(
            ValueError, match=r"WIBEth pack: got samples of uint16 for frames of u?int64, want"
        ):
            adc_words.pack(adc, bad)
    with pytest.raises(ValueError, match=r"got samples of int32"):  # whose upper half would be lost
        adc_words.pack(adc.astype(np.int32) + 65536, frames)
    with pytest.raises(ValueError, match=r"WIBEth unpack: got frames int64 \(2, 900\), want uint64"):
        adc_words.unpack(frames.view(np.int64))


@settings(max_examples=25, deadline=None)
@given(arrays(np.uint16, (2, 64, 64), elements=st.integers(0, 0x3FFF)), st.integers(0, 2**32))
def test_pack_follows_the_bit_definition_and_unpack_inverts_it(adc, seed):
    adc = adc | np.random.default_rng(seed).integers(0, 0x4000, adc.shape, np.uint16)
    frames = np.full((2, 900), 2**64 - 1, np.uint64)  # what stood there must not shine through
    adc_words.pack(adc, frames)
    want = 2**256 - 1  # the header stays
    for sample in range(64):
        for channel in range(64):
            want |= int(adc[1, sample, channel]) << (256 + 896 * sample + 14 * channel)
    assert bits_of(frames[1]) == want
    assert np.array_equal(adc_words.unpack(frames), adc)


@given(st.sampled_from(sorted(wibeth.FIELDS)), st.data())
def test_a_field_is_set_without_touching_others(name, data):
    word, low, width = wibeth.FIELDS[name]
    value = data.draw(st.integers(0, (1 << width) - 1))
    frames = np.full((3, 900), data.draw(st.integers(0, 2**64 - 1)), np.uint64)
    before = frames.copy()
    wibeth.set_field(frames, name, value)
    assert (wibeth.get_field(frames, name) == value).all()
    frames[:, word] ^= before[:, word]
    assert int(frames[0, word]) & ~(((1 << width) - 1) << low) == 0


def test_more_than_14_bits_is_refused():
    adc = np.zeros((2, 64, 64), np.uint16)
    adc[1, 2, 3] = 0x4000
    with pytest.raises(ValueError, match="frame 1, sample 2, channel 3: got 16384 ADC counts, 14 bits"):
        adc_words.pack(adc, wibeth.empty_frames(2))
    with pytest.raises(ValueError, match="seq_id: got 4096, 12 bits hold at most 4095"):
        wibeth.set_field(wibeth.empty_frames(1), "seq_id", 4096)
    with pytest.raises(ValueError, match="want"):
        adc_words.pack(adc[:1], wibeth.empty_frames(2))
    with pytest.raises(ValueError, match="want"):
        adc_words.unpack(np.zeros((2, 899), np.uint64))


@pytest.mark.skipif(not UPSTREAM.exists(), reason=f"{UPSTREAM} is absent")
def test_frames_packed_by_upstream_come_back_byte_for_byte():
    with lzma.open(UPSTREAM) as handle:
        frames = np.frombuffer(handle.read(300 * wibeth.FRAME_BYTES), "<u8").reshape(-1, wibeth.FRAME_WORDS)
    adc = adc_words.unpack(frames)
    assert 800 < adc.mean() < 3700 and adc.std() > 100  # pedestals of 900 to 3 600
    again = wibeth.empty_frames(len(frames))
    again[:, 0] = wibeth.header_word(slot_id=0, stream_id=0, crate_id=1)
    wibeth.set_field(again, "seq_id", np.arange(len(frames)) % wibeth.SEQ_MODULO)
    wibeth.set_field(
        again, "timestamp", 1_000_000_000_000 + wibeth.TIMESTAMP_PER_FRAME * np.arange(len(frames))
    )
    adc_words.pack(adc, again)
    assert again.tobytes() == frames.tobytes()
