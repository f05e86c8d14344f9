"""What `lartrig inspect` sums up, lists and draws: streams, rates, faults, noise by channel, gaps, TPs."""

from __future__ import annotations

import csv
import tracemalloc
from itertools import islice

import h5py
import numpy as np
import pytest
from matplotlib.image import imread

from streams.console import hz
from streams.daq import fragment, layout, tp, trigger_objects
from streams.errors import ConfigError
from streams.files import records
from streams.files.disk import whole_file
from streams.files.tp_file import write_tps
from streams.files.writer import Plan, write_file
from streams.inspection import picture, tables
from streams.inspection.look import look
from streams.inspection.tps import TpSums
from streams.tests.dune_like import Piece, made, source_of, write_dune
from streams.tests.made_up import FIRST_TIMESTAMP, blocks, write
from streams.tests.test_commands import lartrig

PIECES = [
    Piece(1, first=0, count=5, crates=(1, 4), others={"Detector_Readout_0x00000fff_DAPHNE": b"y" * 100}),
    Piece(2, first=9, count=20, crates=(1, 4), silent=(8, 9, 10, 11), absent=(3,)),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_dune(tmp_path_factory.mktemp("inspection") / "run.hdf5", PIECES)


@pytest.fixture
def tps(tmp_path):
    batch = np.zeros(300, tp.TP)
    batch["version"], batch["detid"] = 2, 3
    batch["channel"] = np.repeat([5, 900, 2560 + 1700], 100)
    batch["time_start"] = FIRST_TIMESTAMP + 62_500 * np.arange(300)  # one a millisecond
    batch["samples_over_threshold"], batch["adc_peak"], batch["adc_integral"] = 8, 300, 1000
    write_tps(tmp_path / "tps.hdf5", [batch[:150], batch[150:]])
    return tmp_path / "tps.hdf5"


def test_rms_and_pedestal_of_every_channel(run):
    seen = look(run)
    assert [crate.crate for crate in seen.crates] == [1, 4]
    for crate in seen.crates:
        rows = made(29, crate.crate)[0][[*range(5), *range(9, 29)]]
        planes = [
            rows[:, low : low + n].reshape(25, 64, -1)
            for low, n in ((0, 51200), (51200, 51200), (102400, 61440))
        ]
        samples = np.concatenate(planes, axis=2).astype(float)
        gone = np.zeros(2560, bool)
        gone[crate.table[[3, 8, 9, 10, 11]]] = True
        samples[5:, :, gone] = np.nan
        assert crate.sums.pedestal(crate.table) == pytest.approx(np.nanmean(samples, axis=(0, 1)), rel=1e-12)
        assert crate.sums.rms(crate.table) == pytest.approx(np.nanstd(samples, axis=(0, 1)), rel=1e-9)


def test_frames_by_stream_and_time_and_rates(run):
    crate = look(run, crate=4).crates[0]
    assert (crate.blocks, crate.frames) == (25, 40 * 25 - 5 * 20)
    assert crate.sums.covered.tolist() == [1] * 25
    missing = crate.sums.covered - crate.sums.delivered
    assert missing[3].tolist() == missing[10].tolist() == [0] * 5 + [1] * 20
    assert missing.sum() == 100 == crate.report.total("missing")
    shown = tables.rows(look(run, crate=4))
    assert shown["windows"] == "2 of 320 to 1280 ticks"
    assert shown["streams"] == "40 (crate 4), 64 channels each, 6103.5 to 30517.6 frames/s"
    assert shown["span"] == f"0.819 ms of data from timestamp {FIRST_TIMESTAMP}, over 0.950 ms"
    assert shown["other: DAPHNE"] == "1 fragments, 0.0 MB" and shown["truth"] == "none"
    assert shown["integrity"] == "FAILED" and shown["missing"] == "100 of 1000"


def test_the_command_lists_draws_and_ends_with_exit_code_1(run, monkeypatch, capsys, tmp_path):
    drawn, gaps = tmp_path / "inspect.png", tmp_path / "gaps.csv"
    code, out, err = lartrig(monkeypatch, capsys, "inspect", run, "-o", drawn, "--gaps", gaps)
    assert code == 1 and "35 other streams without faults" in out
    assert err.splitlines()[-1].startswith(f"error: {run}: TriggerRecord000002.0000: ")
    assert imread(drawn).shape == imread(tmp_path / "inspect.crate4.png").shape == (1100, 1430, 4)
    lines = list(csv.DictReader(gaps.read_text().splitlines()))
    assert len(lines) == 2 * 5
    assert lines[0] == {
        "file": "run.hdf5", "record": "TriggerRecord000002.0000", "crate": "1", "stream": "3", "slot": "0",
        "stream_id": "3", "timestamp": str(FIRST_TIMESTAMP + 9 * 2048), "frames": "20", "cause": "lost",
    }  # fmt: skip
    code, _, err = lartrig(monkeypatch, capsys, "inspect", run, "-o", drawn)
    assert code == 2 and "inspect.png exists already" in err
    code, _, err = lartrig(monkeypatch, capsys, "inspect", run, "-o", tmp_path / "x.gif")
    assert code == 2 and "got the ending '.gif', want one of .png, .pdf, .svg" in err
    code, out, err = lartrig(monkeypatch, capsys, "inspect", run, "--crate", 9)
    assert code == 1 and "got --crate 9, it holds 1, 4" in err


def test_all_gaps_are_listed_however_many_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr("streams.receiver.report.MAX_GAPS", 3)
    path = write_dune(tmp_path / "run.hdf5", [Piece(1, 0, 40)])
    with h5py.File(path, "a") as file:
        for stream in range(12):
            raw = file[
                f"TriggerRecord000001.0000/RawData/Detector_Readout_0x{source_of(1, stream):08x}_WIBEth"
            ]
            for frame in range(1, 39, 4):
                raw[72 + 7200 * frame] = 0  # no frame of this stream any more
    gaps = []
    seen = look(
        path, on_gap=lambda crate, window, gap: gaps.append((crate, window.name, gap.stream, gap.blocks))
    )
    report = seen.crates[0].report
    assert len(report.gaps) == 3 and report.more_gaps == 117
    assert len(gaps) == 120 == report.total("missing")
    assert set(gaps) == {(1, "TriggerRecord000001.0000", stream, 1) for stream in range(12)}


def test_nothing_is_left_if_there_is_nothing_to_say(monkeypatch, capsys, tmp_path):
    (tmp_path / "run.h5").write_bytes(b"root" + bytes(100))
    words = ("inspect", tmp_path / "run.h5", "-o", tmp_path / "a.png", "--gaps", tmp_path / "a.csv")
    code, _, err = lartrig(monkeypatch, capsys, *words)
    assert code == 1 and "is not an HDF5 file (a ROOT file)" in err
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_a_file_of_tps(tps, monkeypatch, capsys):
    seen = look(tps)
    assert seen.fault is None and not seen.crates
    assert seen.tps.count == 300 and seen.tps.by_time.sum() == 300 and seen.tps.outside == 0
    assert {plane: counts.sum() for plane, counts in seen.tps.by_plane().items()} == {
        "U": 100,
        "V": 100,
        "X": 100,
    }
    assert seen.tps.by_channel[[5, 900, 4260]].tolist() == [100] * 3 and seen.tps.by_channel.sum() == 300
    code, out, err = lartrig(monkeypatch, capsys, "inspect", tps, "-o", tps.with_suffix(".png"))
    assert code == 0, err
    assert "300, version 2, in 299.000 ms: 1 kHz" in out and "100 in 1 channels, 334 Hz each" in out
    assert imread(tps.with_suffix(".png")).shape == (880, 1430, 4)


def test_a_file_of_tps_with_a_flipped_bit(tps):
    data = bytearray(tps.read_bytes())
    data[data.find(int(FIRST_TIMESTAMP).to_bytes(8, "little"), 2000) + 30] ^= 1
    tps.write_bytes(data)
    assert "tps.hdf5" in look(tps).fault


def test_memory_does_not_grow_with_the_run(tmp_path):
    def peak(path):
        tracemalloc.start()
        assert look(path).fault is None
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    paths = [write(tmp_path / f"{n}.h5", windows=n, window_blocks=16) for n in (1, 2, 8)]
    used = [peak(path) for path in paths]
    assert abs(used[2] - used[1]) < 2e6  # from 2 to 8 windows the file grows by 28 MB


def test_a_picture_that_cannot_be_drawn_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(ConfigError, match="want one of"):
        picture.check_name(tmp_path / "picture")


def test_truth_is_counted_by_crate(tmp_path):
    for crate, seed in ((1, 1), (2, 3)):
        write_file(tmp_path / f"{crate}.h5", blocks(seed), Plan(1, 20, crate=crate))
    want = {
        crate: sum(len(block.events) for block in islice(blocks(seed), 20))
        for crate, seed in ((1, 1), (2, 3))
    }
    assert want[1] != want[2]
    for crate, count in want.items():
        assert look(tmp_path, crate=crate).events.total() == count
    both = look(tmp_path)
    assert both.events.total() == sum(want.values())
    (origin, events), seconds = both.events.most_common(1)[0], 20 * 64 * 512e-9
    assert (
        tables.rows(both)[f"truth {origin}"] == f"{events} events, {hz(events / seconds / 2)} in each crate"
    )


def test_tps_of_no_channel_or_another_time_are_counted_apart():
    sums, batch = TpSums(100, 200), np.zeros(4, tp.TP)
    batch["version"], batch["time_start"] = 2, [100, 99, 200, 150]
    batch["channel"] = [7, 7, 7, 0xFFFFFF]
    sums.add(batch)
    assert (sums.count, sums.outside, sums.by_channel.sum(), sums.by_channel[7]) == (4, 3, 1, 1)
    assert "TPs outside" in sums.rows()


def test_streams_with_faults_are_listed_and_crates_have_a_row_each(run, tmp_path):
    crate = look(run, crate=4).crates[0]
    table = tables.stream_table(crate)
    assert table.row_count == 5 and table.caption == "35 other streams without faults"
    rows = tables.crate_table(look(run))
    assert rows.row_count == len(look(run).crates)
    missing = list(rows.columns[5].cells)
    assert missing[[*rows.columns[0].cells].index("4")] == "100"


def test_a_file_of_tas_is_a_file_like_others(tmp_path, monkeypatch, capsys):
    ta, tps = np.zeros((), trigger_objects.TA), np.zeros(3, tp.TP)
    ta["time_start"], ta["time_end"] = FIRST_TIMESTAMP, FIRST_TIMESTAMP + 62_500
    tps["version"] = 2
    payload = trigger_objects.encode_ta(ta, tps, 2) * 2
    span = fragment.Span(1, FIRST_TIMESTAMP, FIRST_TIMESTAMP + 62_500, 7)
    form = records.Form(True, fragment.FRAGMENT_TAS, fragment.SUBSYSTEM_TRIGGER)
    path = tmp_path / "tas.h5"
    with whole_file(path, {}) as file:
        made = records.new_record(file, form, span, {1000: len(payload)})[1000]
        head = fragment.fragment_header(span, 1000, len(payload), form.kind, form.subsystem)
        file.put(made.offset, head + payload)
        records.write_attributes(file, True, layout.run_attributes(7, 0, span.begin, span.end, {}), "{}")
    code, out, err = lartrig(monkeypatch, capsys, "inspect", path)
    assert code == 0, err
    assert "2 in 1.000 ms: 2 kHz" in out and "3 to 3, median 3" in out and "other" not in out
    data = bytearray(path.read_bytes())
    at = data.find(int(FIRST_TIMESTAMP).to_bytes(8, "little"), data.find(head) + 72)
    data[at - 8] ^= 2  # the version of a TA
    (tmp_path / "flipped.h5").write_bytes(data)
    assert "TA of version 3, want 1" in look(tmp_path / "flipped.h5").fault
