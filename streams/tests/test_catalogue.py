"""What is listed of files and folders: runs, windows, crates, streams, other fragments; and what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from streams.daq.spans import frame_checks
from streams.daq.wibeth import header_word
from streams.errors import UserError
from streams.files import catalogue
from streams.files.file_facts import TruthPlace
from streams.files.links import FileLinks
from streams.files.sources import Place, Sources
from streams.files.writer import Plan, write_file
from streams.tests.dune_like import Piece, geo_map, made, source_of, write_dune
from streams.tests.made_up import FIRST_TIMESTAMP, blocks, write


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write(tmp_path_factory.mktemp("catalogue") / "run.h5", first_tick=640)


def at(frame: int) -> int:
    return FIRST_TIMESTAMP + 2048 * frame


def frames_in(window, stream: int) -> np.ndarray:
    with FileLinks(window) as links:
        parts = []
        while (part := links.take(stream, 2)).size:
            parts.append(part)
    return np.concatenate(parts).view("<u8").reshape(-1, 900)


def test_our_own_file(run):
    found = catalogue.read(run)
    assert not found.findings.sentences and found.crates == [1] and found.crate(None) == 1
    assert len(found.streams[1]) == 40 and found.words == {1: header_word(0, 0, 1)}
    file = found.files[0]
    assert (file.run_number, file.index, file.writer, file.config) == (1, 0, "lartrig", '{"seed":1}')
    assert file.truth == TruthPlace(640, at(10)) and file.table is not None and file.closed
    assert [w.timestamp for w in found.windows] == [at(10), at(15)]
    assert [(w.first_tick, w.n_blocks) for w in found.windows] == [(640, 5), (960, 5)]


def test_bytes_and_checks_of_a_window(run):
    window = catalogue.read(run).windows[1]
    with FileLinks(window) as links:
        assert links.begin == at(15) and links.until(links.begin) is False
        assert links.name == f"{run}: TriggerRecord000002.0000"
        raw = links.take(7, 3)
        assert raw.nbytes == 3 * 7200
        wanted = frame_checks(raw.view("<u8").reshape(3, 900))
        assert np.array_equal(links.checks(7, at(15), 3), wanted)
        # Outside of the window no frame has a check, so that none is right there.
        assert links.checks(7, at(14), 3).tolist() == [0, *wanted[:2].tolist()]
        assert links.checks(7, at(19), 2).tolist()[1] == 0 != links.checks(7, at(19), 2).tolist()[0]
        assert links.checks(7, at(15) + 1, 2).tolist() == [0, 0]
        assert [links.take(7, 16).nbytes, links.take(7, 16).nbytes] == [2 * 7200, 0]


@pytest.mark.parametrize("how", [{}, {"compression": "gzip"}, {"fletcher32": True}])
def test_a_file_as_dunes_writer_makes_it(tmp_path, how):
    others = {
        "Trigger_0x00000002_Trigger_Primitive": b"x" * 172,
        "Detector_Readout_0x00000fff_DAPHNE": b"y" * 100,
    }
    pieces = [
        Piece(7, first=8, count=4, crates=(2, 5), shift=1000, others=others),
        Piece(3, first=0, count=3, crates=(2, 5), late={4: 1}),
        Piece(3, first=3, count=2, crates=(2, 5), sequence=1, silent=(8, 9), absent=(11,)),
    ]
    found = catalogue.read(write_dune(tmp_path / "run.hdf5", pieces, **how))
    assert found.crates == [2, 5] and found.files[0].run_number == 27409
    assert found.others == {"Trigger_Primitive": (1, 172), "DAPHNE": (1, 100)}
    windows = [w for w in found.windows if w.crate == 5]
    assert [(w.name[-11:], w.timestamp, w.n_blocks) for w in windows] == [
        ("000003.0000", at(0), 3),
        ("000003.0001", at(3), 2),
        ("000007.0000", at(8), 4),
    ]
    assert [w.first_tick for w in windows] == [0, 192, 512]
    frames = made(12, 5)[1]
    assert np.array_equal(frames_in(windows[2], 39), frames[39, 8:12])
    assert np.array_equal(frames_in(windows[0], 4), frames[4, 1:3])
    sentences = "\n".join(found.findings.sentences)
    assert "_0x00001390_WIBEth: got error_bits 1, want 0 (DataNotFound)" in sentences
    assert (
        "TriggerRecord000003.0001: got 39 streams, want 40: stream 11 (slot 1, stream_id 3) is missing"
        in sentences
    )
    with pytest.raises(UserError, match=r"run\.hdf5: holds the crates 2, 5: choose one with --crate"):
        found.crate(None)
    with pytest.raises(UserError, match=r"got --crate 1, it holds 2, 5"):
        found.crate(1)


def test_streams_without_a_map_are_known_from_their_frames(tmp_path):
    pieces = [Piece(1, first=0, count=2, crates=(4,)), Piece(2, first=2, count=2, crates=(4,), silent=(6,))]
    path = write_dune(tmp_path / "run.hdf5", pieces, geo=False)
    with h5py.File(path, "a") as file:  # one flipped bit in the slot of a frame does not matter
        raw = file[f"TriggerRecord000001.0000/RawData/Detector_Readout_0x{source_of(4, 5):08x}_WIBEth"]
        raw[72 + 2] ^= 1 << 6
    found = catalogue.read(path)
    assert found.crates == [4] and len(found.streams[4]) == 40
    assert frames_in(found.windows[1], 5)[0, 0] == made(4, 4)[1][5, 2, 0]


def test_the_map_holds_unless_the_frames_agree_on_another_stream():
    source, word = ("Detector_Readout", source_of(1, 3)), header_word
    sources = Sources(geo_map([1]))
    assert sources.place(source) == Place(1, 0, 3)
    sources.add(source, [word(0, 67, 1)])
    assert sources.place(source) == Place(1, 0, 3)
    sources.add(source, [word(0, 67, 1) | 5 << 40])
    assert sources.place(source) == Place(1, 0, 67)
    sources.add(source, [word(0, 3, 1)])
    assert sources.place(source) == Place(1, 0, 3)
    assert Sources().place(source) is None


def test_two_streams_of_one_source_number_are_refused(tmp_path):
    path = write_dune(tmp_path / "run.hdf5", [Piece(1, 0, 2)], geo=False)
    with h5py.File(path, "a") as file:
        raw = file["TriggerRecord000001.0000/RawData"]
        raw["Detector_Readout_0x000003ed_WIBEth"][:] = raw["Detector_Readout_0x000003e8_WIBEth"][:]
    with pytest.raises(
        UserError, match=r"_0x000003ed_WIBEth holds stream 0 \(slot 0, stream_id 0\), which .*3e8_WIBEth"
    ):
        catalogue.read(path)


def test_a_run_of_several_files_in_a_folder(tmp_path):
    write_dune(tmp_path / "b.hdf5", [Piece(1, 0, 2)], index=0)
    write_dune(tmp_path / "a.hdf5", [Piece(2, 4, 2)], index=1)
    (tmp_path / "notes.txt").write_text("ignored")
    (tmp_path / "c.hdf5.writing").write_bytes(b"")
    found = catalogue.read(tmp_path)
    assert [w.file.path.name for w in found.windows] == ["b.hdf5", "a.hdf5"]
    assert found.findings.sentences == [f"{tmp_path}/c.hdf5.writing is still being written: it is left out"]
    write_dune(tmp_path / "d.hdf5", [Piece(3, 8, 2)], run=27410)
    with pytest.raises(
        UserError, match=r"two runs in one folder: a\.hdf5 is of run 27409, d\.hdf5 of run 27410"
    ):
        catalogue.read(tmp_path)
    (tmp_path / "d.hdf5").unlink()
    shutil.copy(tmp_path / "a.hdf5", tmp_path / "e.hdf5")
    with pytest.raises(
        UserError, match=r"a\.hdf5 and e\.hdf5 both hold TriggerRecord000002\.0000 of crate 1: a copy"
    ):
        catalogue.read(tmp_path)


def test_simulations_of_other_configurations_are_two_runs(tmp_path):
    for name, seed, tick in (("a", 1, 0), ("b", 1, 640), ("c", 2, 6400)):
        plan = Plan(1, 2, config_json=f'{{"seed":{seed}}}')
        write_file(tmp_path / f"{name}.h5", blocks(seed, first_tick=tick), plan)
    sentence = (
        r"two runs in one folder: a\.h5 and c\.h5 hold crate 1 and were made with other configurations: keep"
    )
    with pytest.raises(UserError, match=sentence):
        catalogue.read(tmp_path)
    (tmp_path / "c.h5").unlink()
    assert len(catalogue.read(tmp_path).windows) == 2
    with h5py.File(tmp_path / "b.h5", "r+") as file:
        file.attrs["config"] = '{"seed":9}'  # damaged, which is not another run
    found = catalogue.read(tmp_path)
    assert found.files[1].config == "" and "does not fit config_crc32" in found.findings.sentences[0]


def test_two_damaged_timestamps_do_not_move_a_window(tmp_path):
    with h5py.File(write(tmp_path / "run.h5"), "r+") as file:
        for stream in (3, 4):
            raw = file[f"TriggerRecord000001.0000/RawData/Detector_Readout_0x{100 + stream:08x}_WIBEth"]
            raw[80:88] = np.frombuffer(at(-8).to_bytes(8, "little"), np.int8)[:, None]
    assert catalogue.read(tmp_path / "run.h5").windows[0].timestamp == at(0)


def test_a_folder_without_files(tmp_path):
    with pytest.raises(UserError, match=r"got no file \*\.h5 or \*\.hdf5 in this folder"):
        catalogue.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("run.h5", b"", r"run\.h5 is empty: want an HDF5 file"),
        ("run.h5", b"root\0\0\xf6\x0c" + bytes(500), r"run\.h5 is not an HDF5 file \(a ROOT file\)"),
        ("run.h5", b"PK\x03\x04" + bytes(500), r"is not an HDF5 file \(a ZIP archive\)"),
        ("run.h5", b"timestamp,channel,adc\n" * 99, r"is not an HDF5 file: want a file that"),
        ("run.hdf5.writing", b"\x89HDF\r\n\x1a\n", r"is still being written \(its name says so\)"),
        (".run.h5.part77", b"\x89HDF\r\n\x1a\n", r"is still being written \(its name says so\)"),
        ("run.h5", b"\x89HDF\r\n\x1a\n", r"run\.h5 is damaged or cut short: HDF5 says: "),
    ],
)
def test_what_is_no_file_of_a_run(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=sentence) as caught:
        catalogue.read(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_another_hdf5_file(tmp_path):
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(3)
    with pytest.raises(UserError, match=r"model\.h5: got no trigger record, want at least one group"):
        catalogue.read(path)
    with h5py.File(path, "w") as file:
        file["TriggerRecord000001/TPC/APA001/Link00"] = np.zeros(100, np.int8)
    found = catalogue.read(path)
    assert found.findings.sentences == [
        f"{path}: TriggerRecord000001: got no group RawData, want the fragments in it"
    ]
    with pytest.raises(UserError, match=r"model\.h5: holds no WIBEth frames"):
        found.crate(None)


def test_a_file_that_another_program_writes(tmp_path, run):
    path = shutil.copy(run, tmp_path / "run.h5")
    writer = "import h5py, sys; f = h5py.File(sys.argv[1], 'a'); print('open', flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", writer, path], stdin=pipe, stdout=pipe) as process:
        process.stdout.readline()
        with pytest.raises(UserError, match=r"run\.h5 is still being written \(another program has it open"):
            catalogue.read(path)
        process.stdin.close()
    with h5py.File(path, "a") as file:
        del file.attrs["closing_timestamp"]
    assert (
        "has no closing_timestamp: its writer did not close it" in catalogue.read(path).findings.sentences[0]
    )


@pytest.mark.parametrize(
    ("offset", "value", "sentence"),
    [
        (4, b"\7", r"got fragments of version 7, want 5 or 6: a newer DUNE-DAQ wrote it"),
        (72, b"\x05", r"crate 1: got frames of version 5, want at most 4: they are of a newer format"),
    ],
)
def test_a_future_version(tmp_path, offset, value, sentence):
    path = write_dune(tmp_path / "run.hdf5", [Piece(1, 0, 1)])
    with h5py.File(path, "a") as file:
        for name, dataset in file["TriggerRecord000001.0000/RawData"].items():
            if name.endswith("WIBEth"):
                raw = bytearray(dataset[()].tobytes())
                raw[offset] = raw[offset] & 0xC0 | value[0]
                dataset[...] = np.frombuffer(bytes(raw), np.int8)[:, None]
    with pytest.raises(UserError, match=sentence):
        catalogue.read(path)


def test_a_future_layout_is_read_as_far_as_it_is_known(tmp_path):
    path = write_dune(tmp_path / "run.hdf5", [Piece(1, 0, 1)])
    with h5py.File(path, "a") as file:
        file.attrs["filelayout_version"] = 9
    found = catalogue.read(path)
    assert len(found.windows) == 1
    assert (
        "got filelayout_version 9, want at most 5: a newer DUNE-DAQ wrote it" in found.findings.sentences[0]
    )


def test_a_file_that_is_cut_while_it_is_read(tmp_path, run):
    path = shutil.copy(run, tmp_path / "run.h5")
    window = catalogue.read(path).windows[1]
    with FileLinks(window) as links:
        assert links.take(0, 1).size == 7200
        os.truncate(path, 100_000)
        with pytest.raises(
            UserError,
            match=r"run\.h5 became shorter while it was read: got 0 of 7200 bytes of Detector_Readout",
        ):
            links.take(0, 1)
    path.unlink()
    with pytest.raises(UserError, match=r"cannot read .*run\.h5: No such file"), FileLinks(window):
        pass


def test_a_window_begins_with_its_first_frames_although_most_streams_lack_them(tmp_path):
    path = write_dune(tmp_path / "run.hdf5", [Piece(1, 2, 4, shift=100, late=dict.fromkeys(range(30), 1))])
    with h5py.File(path, "a") as file:  # one earlier timestamp is damage
        raw = file[f"TriggerRecord000001.0000/RawData/Detector_Readout_0x{source_of(1, 35):08x}_WIBEth"]
        raw[72 + 8 : 72 + 16] = np.frombuffer(at(1).to_bytes(8, "little"), np.int8)[:, None]
    window = catalogue.read(path).windows[0]
    assert (window.timestamp, window.n_blocks) == (at(2), 4)
