from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams import channel_map
from streams.daq import adc_words, spans, wibeth

N = 3
T0 = 2**40 + 17
U64 = 2**64 - 1
NO_CHECKS = np.zeros(0, np.uint64)


def made_up(seed: int, offline: np.ndarray, n: int = N, seq: int = 4094) -> tuple[np.ndarray, np.ndarray]:
    """Samples of a span and its frames, headers with seq_id from ``seq`` on; packed by the slow way."""
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 0x4000, (n, spans.SAMPLES_PER_BLOCK), np.uint16)
    ticks = np.stack([np.concatenate(list(spans.planes_of(row).values()), axis=1) for row in samples])
    frames = rng.integers(0, U64, (40, n, 900), np.uint64)
    for stream in range(40):
        adc_words.pack(np.ascontiguousarray(ticks[:, :, offline[stream]]), frames[stream])
        frames[stream, :, 0] = wibeth.header_word(*channel_map.STREAMS[stream], 1)
    wibeth.set_field(frames, "seq_id", (seq + np.arange(n)) % 4096)
    wibeth.set_field(frames, "timestamp", T0 + 2048 * np.arange(n))
    return samples, frames


def check_by_hand(words: list[int]) -> int:
    """The definition of ``frame_checks`` in whole numbers."""

    factor = 0x9E3779B97F4A7C15
    lanes = words[:4] + [0] * 28
    for row in range(28):
        lanes = [((h ^ h >> 32) * factor + words[4 + 32 * row + lane]) & U64 for lane, h in enumerate(lanes)]
    return sum((h ^ h >> 32) * factor ** (lane + 1) for lane, h in enumerate(lanes)) & U64


MAPS = {
    "built-in": channel_map.offline_channels(1),
    "turned": channel_map.offline_channels(3),
    "random": np.random.default_rng(2).permutation(2560).astype(np.int16).reshape(40, 64),
    "in order": np.arange(2560, dtype=np.int16).reshape(40, 64),
    "every other": np.arange(2560, dtype=np.int16).reshape(-1, 2).T.reshape(40, 64),
}


@pytest.mark.parametrize("kind", MAPS)
def test_a_span_opens_to_the_samples_that_were_packed(kind):
    offline = MAPS[kind]
    samples, frames = made_up(1, offline)
    table, opened = spans.places(offline), np.zeros_like(samples)
    for stream in range(40):
        checks = spans.frame_checks(frames[stream])
        word0 = int(frames[stream, 0, 0])
        good = spans.open_frames(frames[stream], word0, T0, checks, table, stream, opened)
        assert good == N
    assert np.array_equal(opened, samples)
    again = frames.copy()
    again[:, :, 4:] = 2**64 - 1
    spans.close_frames(samples, table, again)
    assert np.array_equal(again, frames)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([0, 1]) | st.integers(0, 899), st.integers(0, 63), st.integers(0, N - 1), st.booleans()
)
def test_opening_ends_at_the_first_wrong_frame(word, bit, frame, with_checks):
    offline = channel_map.offline_channels()
    table = spans.places(offline)
    samples, frames = SPAN
    stream = frames[7].copy()
    checks = spans.frame_checks(stream) if with_checks else NO_CHECKS
    stream[frame, word] ^= np.uint64(1 << bit)
    opened = np.full_like(samples, 7)
    word0 = int(frames[7, 0, 0])
    good = spans.open_frames(stream, word0, T0, checks, table, 7, opened)
    assert good == (frame if with_checks or word < 2 else N)
    assert (opened[good:] == 7).all()
    mine = np.isin(np.arange(samples.shape[1]), table.first[7] + table.step[7] * np.arange(64)[:, None])
    assert np.array_equal(opened[:frame, mine], samples[:frame, mine])
    assert (opened[:, ~mine] == 7).all()


SPAN = made_up(3, channel_map.offline_channels())


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_all_streams_at_once_are_each_stream_alone(data):
    table = spans.places(channel_map.offline_channels())
    samples, frames = SPAN
    counts = data.draw(st.lists(st.integers(0, N), min_size=40, max_size=40))
    wrong = data.draw(st.lists(st.integers(0, 4 * N), min_size=40, max_size=40))
    damaged, checks = frames.copy(), spans.frame_checks(frames)
    for stream, frame in enumerate(wrong):
        if frame < N:
            damaged[stream, frame, data.draw(st.sampled_from([0, 1, 2, 4, 899]))] ^= np.uint64(1 << 33)
    offset = data.draw(st.integers(0, 7))  # no address is favoured
    room = np.zeros(40 * N * 7200 + offset, np.uint8)
    raw = room[offset:].reshape(40, N * 7200)
    raw[:] = damaged.view(np.uint8).reshape(raw.shape)
    raw.flags.writeable = data.draw(st.booleans())
    pieces = [raw[stream, : 7200 * count] for stream, count in enumerate(counts)]
    opened, alone = np.full((2, *samples.shape), 7, np.uint16)
    word0 = frames[:, 0, 0].copy()
    good, flagged = spans.open_span(pieces, word0, T0, checks, table, opened)
    bits = wibeth.get_field(frames, "crc_err") | wibeth.get_field(frames, "lol")
    assert flagged.tolist() == [np.count_nonzero(row[:n]) for row, n in zip(bits, good.tolist(), strict=True)]
    assert good.tolist() == [min(pair) for pair in zip(counts, wrong, strict=True)]
    for stream, count in enumerate(counts):
        taken = (damaged[stream, :count], int(word0[stream]), T0, checks[stream, :count])
        assert spans.open_frames(*taken, table, stream, alone) == good[stream]
    assert np.array_equal(opened, alone)


def test_without_checks_only_headers_count():
    table, (samples, frames) = spans.places(channel_map.offline_channels()), SPAN
    opened = np.zeros_like(samples)
    pieces = list(frames.view(np.uint8).reshape(40, -1))
    good, _ = spans.open_span(pieces, frames[:, 0, 0], T0, np.zeros((0, 0), np.uint64), table, opened)
    assert (good == N).all() and np.array_equal(opened, samples)


@pytest.mark.parametrize("kind", ["built-in", "random"])
def test_more_than_14_bits_is_found_in_every_channel(kind):
    table, samples = spans.places(MAPS[kind]), np.zeros((2, spans.SAMPLES_PER_BLOCK), np.uint16)
    frames = np.zeros((40, 2, 900), np.uint64)
    spans.close_frames(samples | np.uint16(0x3FFF), table, frames)
    rng = np.random.default_rng(3)
    some = [0, 39]
    for first, step in zip(
        table.first[some].ravel().tolist(), table.step[some].ravel().tolist(), strict=True
    ):
        place = first + step * int(rng.integers(64))
        samples[1, place] = 0x4000 << int(rng.integers(2))
        want = f"block 1, sample {place}: got {samples[1, place]} ADC counts, 14 bits hold at most 16383"
        with pytest.raises(ValueError, match=want):
            spans.close_frames(samples, table, frames)
        samples[1, place] = 0


def test_spans_to_open_that_do_not_fit_are_refused():
    table, (samples, frames) = spans.places(channel_map.offline_channels()), SPAN
    pieces, checks = list(frames.view(np.uint8).reshape(40, -1)), spans.frame_checks(frames)
    word0, opened = frames[:, 0, 0].copy(), np.zeros_like(samples)
    with pytest.raises(ValueError, match="open_span: got 39 pieces"):
        spans.open_span(pieces[1:], word0, T0, checks, table, opened)
    with pytest.raises(ValueError, match="want whole frames of 7200 bytes"):
        spans.open_span([pieces[0][:-1], *pieces[1:]], word0, T0, checks, table, opened)
    with pytest.raises(ValueError, match="in one piece"):
        spans.open_span([pieces[0][::3], *pieces[1:]], word0, T0, checks, table, opened)
    with pytest.raises(ValueError, match=r"got checks \(40, 2\), want \(40, 3\)"):
        spans.open_span(pieces, word0, T0, checks[:, :2], table, opened)
    with pytest.raises(ValueError, match=r"span: got uint16 \(2, 163840\), want uint16 \(3, 163840\)"):
        spans.open_span(pieces, word0, T0, checks, table, opened[:2])
    with pytest.raises(ValueError, match="want one for each"):
        spans.open_frames(frames[0], 0, T0, checks[0, :1], table, 0, opened)
    with pytest.raises(ValueError, match="got stream 40, the table has 40"):
        spans.open_frames(frames[0], 0, T0, checks[0], table, 40, opened)
    with pytest.raises(ValueError, match="WIBEth frames: got int64"):
        spans.open_frames(frames[0].view(np.int64), 0, T0, checks[0], table, 0, opened)
    assert not opened.any()


def test_checks_follow_their_definition():
    frames = SPAN[1][:3, 0]
    assert spans.frame_checks(frames).tolist() == [check_by_hand(frame.tolist()) for frame in frames]


def test_every_flip_of_one_bit_changes_the_check_and_each_in_its_own_way():
    frame = SPAN[1][0, 0]
    checks = [spans.frame_checks(frame[None])]
    for word in range(900):
        flipped = np.repeat(frame[None], 64, axis=0)
        flipped[:, word] ^= np.uint64(1) << np.arange(64, dtype=np.uint64)
        checks.append(spans.frame_checks(flipped))
    assert len(np.unique(np.concatenate(checks))) == 57601


def test_tables_that_do_not_fit_are_refused():
    offline = np.array(channel_map.offline_channels())
    with pytest.raises(ValueError, match=r"channel table: got \(39, 64\), want \(40, 64\)"):
        spans.places(offline[:39])
    offline[0, 0] = offline[0, 1]
    with pytest.raises(ValueError, match="1 of 2560 channels are missing"):
        spans.places(offline)


def test_spans_that_do_not_fit_are_refused():
    table = spans.places(channel_map.offline_channels())
    samples, frames = SPAN
    with pytest.raises(
        ValueError, match=r"close_frames: got uint64 \(39, 3, 900\), want uint64 \(40, 3, 900\)"
    ):
        spans.close_frames(samples, table, frames[:39].copy())
    too_much = samples.copy()
    too_much[2, 70_000] = 0x4000
    with pytest.raises(ValueError, match="got 16384 ADC counts, 14 bits hold at most 16383"):
        spans.close_frames(too_much, table, frames.copy())
