"""Replay of files as DUNE's writer makes them: gaps, windows off the frames' grid, silent streams, several crates."""

from __future__ import annotations

import os
import re
from itertools import islice

import h5py
import numpy as np
import pytest

from streams import channel_map, replay
from streams.daq import spans
from streams.errors import UserError
from streams.files.writer import Plan, write_file
from streams.receiver.report import Report
from streams.tests import made_up
from streams.tests.dune_like import Piece, made, source_of, write_dune
from streams.tests.made_up import FIRST_TIMESTAMP, write

PIECES = [
    Piece(7, first=24, count=20, crates=(2, 3), shift=1000),
    Piece(3, first=0, count=17, crates=(2, 3), late={4: 1}),
    Piece(3, first=17, count=4, crates=(2, 3), sequence=1, silent=(8, 9), absent=(11,)),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_dune(tmp_path_factory.mktemp("dune") / "run.hdf5", PIECES)


def row_of(block) -> np.ndarray:
    return np.concatenate([block.induction["U"].ravel(), block.induction["V"].ravel(), block.adc.ravel()])


def lost(table, streams) -> np.ndarray:
    """Which offline channels are missing if these streams are."""
    channels = np.zeros(2560, bool)
    channels[table[list(streams)]] = True
    return channels


def check(block, row, channels) -> None:
    """Compare a block with what was sent; missing samples are 0, and said to be missing."""
    got = np.zeros(2560, bool)
    for plane, first in channel_map.PLANE_FIRST.items():
        count = channel_map.PLANE_CHANNELS[plane]
        part = channels[first : first + count]
        assert (plane in block.missing) == part.any()
        got[first : first + count] = block.missing.get(plane, False)
        samples = spans.planes_of(row_of(block))[plane]
        assert np.array_equal(samples, np.where(part, 0, spans.planes_of(row)[plane]))
    assert np.array_equal(got, channels)


@pytest.mark.parametrize("crate", [2, 3])
def test_every_sample_comes_once_in_order_and_the_rest_is_said_to_be_missing(run, crate):
    report, rows = Report(), made(44, crate)[0]
    blocks = list(replay.blocks(run, crate=crate, report=report))
    numbers = [*range(21), *range(24, 44)]
    assert [block.timestamp for block in blocks] == [FIRST_TIMESTAMP + 2048 * n for n in numbers]
    assert [block.first_tick for block in blocks] == [64 * n for n in numbers]
    table = channel_map.offline_channels(crate)
    for n, block in zip(numbers, blocks, strict=True):
        gone = {4} if n == 0 else {8, 9, 11} if 17 <= n < 21 else set()
        check(block, rows[n], lost(table, gone))
        assert len(block.events) == len(block.charge) == 0
    assert report.total("delivered") == 41 * 40 - 13 and report.total("missing") == 13 == report.total("lost")
    assert not report.good and report.windows == 3
    assert "stream 11" in report.first or "error_bits 1" in report.first


def test_strict_reading_ends_at_the_first_fault(run):
    with pytest.raises(UserError, match=r"run\.hdf5: TriggerRecord000003\.000"):
        list(replay.blocks(run, crate=2, strict=True))


def test_several_crates_need_a_choice(run):
    with pytest.raises(UserError, match="holds the crates 2, 3: choose one with --crate"):
        next(replay.blocks(run))


def test_windows_that_overlap_give_each_frame_once(tmp_path):
    pieces = [Piece(1, 0, 6), Piece(2, 4, 6, late={3: 1}), Piece(3, 5, 3), Piece(4, 12, 2)]
    path = write_dune(tmp_path / "run.hdf5", pieces)
    report = Report()
    blocks = list(replay.blocks(path, report=report))
    assert [(b.timestamp - FIRST_TIMESTAMP) // 2048 for b in blocks] == [*range(10), 12, 13]
    rows = made(14)[0]
    for block in blocks:
        assert np.array_equal(row_of(block), rows[(block.timestamp - FIRST_TIMESTAMP) // 2048])
    assert report.good and report.total("delivered") == 12 * 40


def test_last_frames_that_no_stream_has_are_counted(tmp_path):
    path = write_dune(tmp_path / "run.hdf5", [Piece(1, 0, 3), Piece(2, 4, 3)])
    with h5py.File(path, "a") as file:
        raw = file["TriggerRecord000001.0000/RawData"]
        for name in [name for name in raw if name.endswith("WIBEth")]:
            data = bytearray(raw[name][:-7200].tobytes())
            data[8:16] = len(data).to_bytes(8, "little")
            del raw[name]
            raw[name] = np.frombuffer(bytes(data), np.int8)
    report = Report()
    assert len(list(replay.blocks(path, report=report))) == 5
    assert (report.total("delivered"), report.total("lost"), report.blocks) == (200, 40, 6)
    assert {(gap.window, gap.timestamp) for gap in report.gaps} == {(0, FIRST_TIMESTAMP + 2 * 2048)}
    assert report.first.endswith(
        "TriggerRecord000001.0000: got 2 frames in each stream, want 3: its last ones are missing in all"
    )


def test_a_folder_is_read_in_the_order_of_time(tmp_path):
    for index, first in enumerate((5, 0, 9)):
        write_dune(tmp_path / f"{index}.hdf5", [Piece(index + 1, first, 3)], index=index)
    blocks = list(replay.blocks(tmp_path))
    assert [(b.timestamp - FIRST_TIMESTAMP) // 2048 for b in blocks] == [0, 1, 2, 5, 6, 7, 9, 10, 11]
    (tmp_path / "3.hdf5.writing").write_bytes(b"")
    report = Report()
    assert len(list(replay.blocks(tmp_path, report=report))) == 9
    assert not report.good and report.first.endswith("3.hdf5.writing is still being written: it is left out")


def test_the_map_of_a_text_file(tmp_path, run):
    rows = []
    for stream, (slot, stream_id) in enumerate(channel_map.STREAMS):
        for channel in range(64):
            offline = int(channel_map.offline_channels(1)[stream, channel]) + 2560
            link, part = divmod(stream_id, 64)
            plane = channel_map.PLANES.index(channel_map.plane_of(offline - 2560))
            rows.append(f"{offline} 2 A {slot + 1} {link} 0 0 {plane} 0 1 0 0 {64 * part + channel}")
    path = tmp_path / "map.txt"
    path.write_text("\n".join(rows))
    assert len(list(replay.blocks(run, crate=2, channel_map=path))) == 41
    with pytest.raises(
        UserError, match=r"map\.txt: has crates 2, want crate 3 of .*run\.hdf5: give another map"
    ):
        list(replay.blocks(run, crate=3, channel_map=path))
    path.write_text("\n".join(rows[:-1]))
    with pytest.raises(
        UserError, match=r"map\.txt: crate 2 has 2559 channels, want 2560: offline channel \d+ is missing"
    ):
        list(replay.blocks(run, crate=2, channel_map=path))


def test_a_table_in_the_file_that_lacks_channels(tmp_path):
    path = write(tmp_path / "run.h5", 1, 2)
    with h5py.File(path, "a") as file:
        table = file["ChannelMap"][()]
        table[3, 5] = table[3, 6]
        del file["ChannelMap"]
        file["ChannelMap"] = table
    with pytest.raises(
        UserError, match=r"run\.h5: /ChannelMap: 1 of 2560 channels are missing, the first is \d+: give"
    ):
        list(replay.blocks(path))
    with h5py.File(path, "a") as file:
        del file["ChannelMap"]
        file["ChannelMap"] = channel_map.offline_channels(3)
    turned = list(replay.blocks(path))
    with h5py.File(path, "a") as file:
        del file["ChannelMap"]
    plain = list(replay.blocks(path))
    assert not np.array_equal(turned[0].adc, plain[0].adc)
    assert sorted(row_of(turned[0])) == sorted(row_of(plain[0]))


def test_truth_that_does_not_go_with_the_frames(tmp_path):
    path = write(tmp_path / "run.h5")
    with h5py.File(path, "r+") as file:
        ends = file["Truth/blocks"][()]
        file["Truth"].attrs["first_timestamp"] -= 32
    with pytest.raises(UserError, match=r"and none of them for the frames at \d+"):
        list(replay.blocks(path))
    with h5py.File(path, "r+") as file:
        file["Truth"].attrs["first_timestamp"] += 32
        ends["charge_end"][3] = 0
        file["Truth/blocks"][...] = ends
    with pytest.raises(UserError, match="/Truth/charge: does not fit /Truth/blocks at block 3"):
        list(replay.blocks(path))


def test_files_of_a_crate_whose_maps_differ_are_refused(tmp_path):
    for number, table in ((0, channel_map.offline_channels(1)), (1, channel_map.offline_channels(3))):
        plan = Plan(1, 2, offline=table, first_record=number + 1)
        write_file(tmp_path / f"{number}.h5", islice(made_up.blocks(first_tick=128 * number), 2), plan)
    with pytest.raises(
        UserError, match=r"1\.h5: /ChannelMap: differs from that of .*0\.h5: give one with --channel-map"
    ):
        list(replay.blocks(tmp_path))


def test_truth_is_found_by_time_when_records_are_missing(tmp_path):
    path = write(tmp_path / "run.h5", windows=3, window_blocks=2, first_tick=128)
    whole = list(replay.blocks(path))
    with h5py.File(path, "a") as file:
        del file["TriggerRecord000002.0000"]
    report = Report()
    left = list(replay.blocks(path, report=report))
    for block, want in zip(left, [*whole[:2], *whole[4:]], strict=True):
        assert (block.first_tick, block.timestamp) == (want.first_tick, want.timestamp)
        assert np.array_equal(block.events, want.events) and np.array_equal(block.charge, want.charge)
    assert re.search(r"got \d+ bytes of records, want the \d+ of the attribute recorded_size", report.first)


def test_a_flipped_bit_of_a_sample_is_seen_in_our_files_only(tmp_path):
    ours, dunes = write(tmp_path / "run.h5", 1, 3), write_dune(tmp_path / "run.hdf5", [Piece(1, 0, 3)])
    found = {}
    for path, source in ((ours, 100 + 7), (dunes, source_of(1, 7))):
        with h5py.File(path, "a") as file:
            raw = file[f"TriggerRecord000001.0000/RawData/Detector_Readout_0x{source:08x}_WIBEth"]
            raw[72 + 7200 + 4000] ^= 4
        report = Report()
        blocks = list(replay.blocks(path, report=report))
        found[path] = report.total("corrupted"), len(blocks), bool(blocks[1].missing)
    assert found == {ours: (1, 3, True), dunes: (0, 3, False)}


def test_a_file_that_is_cut_while_it_is_replayed(tmp_path):
    path = write(tmp_path / "run.h5", 2, 40)
    blocks = replay.blocks(path)
    next(blocks)
    os.truncate(path, 1_000_000)
    with pytest.raises(UserError, match=r"run\.h5 became shorter while it was read"):
        list(blocks)
