"""Files of TPs: what was written comes back; what is damaged, cut, mixed or of another format ends in one sentence."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest

from streams.daq import fragment, tp
from streams.errors import ConfigError, UserError
from streams.files.tp_file import TpPlan, read_tps, write_tps
from streams.inspection import tables
from streams.inspection.look import look


def batches(version: int = 2, counts: tuple[int, ...] = (3, 1, 0, 200)) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    made = []
    for number, count in enumerate(counts):
        tps = np.zeros(count, tp.TP)
        tps["version"] = version
        tps["time_start"] = 1_000_000 * (number + 1) + rng.integers(0, 1000, count)
        tps["samples_over_threshold"] = rng.integers(1, 100, count)
        tps["channel"] = rng.integers(0, 2560, count)
        tps["adc_integral"] = rng.integers(0, 1 << 20, count)
        made.append(tps)
    return made


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("slices", [True, False])
def test_what_was_written_comes_back(tmp_path, version, slices):
    path, made = tmp_path / "tps.hdf5", batches(version)
    plan = TpPlan(version=version, slices=slices, run_number=9, source_id=0x2A)
    assert write_tps(path, iter(made), plan, {"command": "test"}) == 204
    found = list(read_tps(path))
    assert [len(tps) for tps in found] == [3, 1, 200]  # a batch without TPs has no record
    assert np.array_equal(np.concatenate(found), np.concatenate(made))
    with h5py.File(path) as file:
        record = "TimeSlice000002" if slices else "TriggerRecord000002.0000"
        data = file[f"{record}/RawData/Trigger_0x0000002a_Trigger_Primitive"]
        assert file.attrs["record_type"] == ("TimeSlice" if slices else "TriggerRecord")
        header = fragment.parse(data[:72].tobytes(), fragment.FRAGMENT_HEADER)
        assert data.dtype == np.int8 and data.size == 72 + {1: 56, 2: 24}[version]
        assert (header["fragment_type"], header["run_number"], header["trigger_number"]) == (6, 9, 2)
        assert header["element_id"] == (2, 3, 0x2A)
        start = int(made[1]["time_start"][0])
        end = start + 32 * int(made[1]["samples_over_threshold"][0])
        assert (header["window_begin"], header["window_end"]) == (start, end)
        head = f"{record}/RawData/TR_Builder_0x00000000_{'TimeSlice' if slices else 'TriggerRecord'}Header"
        assert file[head].size == (32 if slices else 96)
        assert file.attrs["recorded_size"] == sum(
            d.size for name in file for d in file[name]["RawData"].values()
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tps.hdf5", "tps.hdf5.manifest.json"]


def test_the_same_tps_give_the_same_bytes(tmp_path):
    for name in "ab":
        write_tps(tmp_path / f"{name}.hdf5", batches())
    assert (tmp_path / "a.hdf5").read_bytes() == (tmp_path / "b.hdf5").read_bytes()


def test_records_come_in_the_order_of_their_numbers(tmp_path):
    made = batches(counts=(1,) * 12)
    write_tps(tmp_path / "tps.hdf5", made)
    starts = [int(tps["time_start"][0]) for tps in read_tps(tmp_path / "tps.hdf5")]
    assert starts == sorted(starts) and len(starts) == 12


def test_an_output_that_exists_is_kept_and_a_value_out_of_range_leaves_nothing(tmp_path):
    made = batches()
    made[3]["channel"][7] = -1
    with pytest.raises(ValueError, match=r"TP 7: got channel -1"):
        write_tps(tmp_path / "tps.hdf5", made)
    assert list(tmp_path.iterdir()) == []
    write_tps(tmp_path / "tps.hdf5", made[:2])
    with pytest.raises(ConfigError, match="exists already"):
        write_tps(tmp_path / "tps.hdf5", made[:2])


def rewritten(path, change):
    """Return a copy of a file whose second fragment is what ``change`` makes of it, without check."""
    copy = path.with_name("changed.hdf5")
    shutil.copy(path, copy)
    with h5py.File(copy, "r+") as file:
        raw = file["TimeSlice000002/RawData"]
        [key] = [key for key in raw if key.endswith("Primitive")]
        data = change(raw[key][()].tobytes())
        del raw[key]
        raw.create_dataset(
            key, data=np.frombuffer(data, np.int8)[:, None]
        )  # as DUNE's writer: two dimensions
    return copy


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda raw: raw[:-1], r"got 95 bytes, want the 96 that its header says: it is cut short"),
        (lambda raw: raw + b"xy", r"got 98 bytes, want the 96 .* there is something behind its end"),
        (lambda raw: raw[:40], r"is cut short: got 40 bytes, want at least 72 of its fragment header"),
        (lambda raw: raw[:8] + b"\x5f" + raw[9:-1], r"got 23 bytes, want a multiple of 24"),
        (
            lambda raw: raw[:4] + b"\x07" + raw[5:],
            r"got a fragment header of version 7, want 5 or 6: .* newer",
        ),
        (lambda raw: raw[:56] + b"\x07" + raw[57:], r"got fragment type 7, want 6, trigger primitives"),
        (lambda raw: raw[:72] + b"\x03" + raw[73:], r"got TPs of version 3, want 1 or 2: .* newer"),
        (lambda raw: b"\x00" + raw[1:], r"got the marker 0x11112200, want 0x11112222"),
        (
            lambda raw: raw[:8] + b"\x80" + raw[9:72] + tp.encode(batches(1)[1], 1),
            r"got TPs of version 1, want 2 as before: versions are mixed",
        ),
    ],
)
def test_a_fragment_that_is_wrong_is_refused(tmp_path, change, sentence):
    path = tmp_path / "tps.hdf5"
    write_tps(path, batches())
    assert len(list(read_tps(rewritten(path, lambda raw: raw)))) == 3
    with pytest.raises(UserError, match=rf"changed\.hdf5: TimeSlice000002/.*{sentence}") as caught:
        list(read_tps(rewritten(path, change)))
    assert "\n" not in str(caught.value)


def test_flipped_bits_of_our_fragments_are_seen(tmp_path):
    path = tmp_path / "tps.hdf5"
    write_tps(path, batches(counts=(2,)))
    with h5py.File(path) as file:
        data = file["TimeSlice000001/RawData/Trigger_0x00000000_Trigger_Primitive"]
        offset, size = data.id.get_offset(), data.size
    whole = path.read_bytes()
    for bit in range(0, 8 * size, 5):
        damaged = bytearray(whole)
        damaged[offset + bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="do not fit their check"):
            list(read_tps(path))


def test_flipped_bits_and_cuts_anywhere_never_give_a_wrong_tp(tmp_path):
    path, made = tmp_path / "tps.hdf5", batches()
    write_tps(path, made)
    whole, want = path.read_bytes(), [tps for tps in made if len(tps)]
    rng = np.random.default_rng(5)
    refused = 0
    for bit in [*rng.integers(0, 8 * len(whole), 200), *range(-50, 0)]:
        damaged = bytearray(whole)
        if bit < 0:
            del damaged[int(rng.integers(0, len(whole))) :]
        else:
            damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            found = list(read_tps(path))
        except UserError:
            refused += 1
            continue
        assert len(found) == len(want) and all(map(np.array_equal, found, want))
    assert refused > 100


def test_a_file_without_tps_is_a_file(tmp_path):
    path = tmp_path / "none.hdf5"
    assert write_tps(path, [np.zeros(0, tp.TP)]) == 0
    assert [len(tps) for tps in read_tps(path)] == [0]
    seen = look(path)
    assert seen.tps.count == 0 and seen.fault is None and tables.rows(seen)["TPs"] == "none"


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "x.hdf5"
    with pytest.raises(UserError, match="no such file"):
        list(read_tps(path))
    for content in (b"", b"root" + bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"x\.hdf5 is (empty|not an HDF5 file)"):
            list(read_tps(path))
    with h5py.File(path, "w") as file:
        file.create_group("TimeSlice000001/RawData")
    with pytest.raises(UserError, match="got 1 records, none with TPs"):
        list(read_tps(path))
    with h5py.File(path, "w") as file:
        file.create_group("TimeSlice000001")
    with pytest.raises(UserError, match="TimeSlice000001: got no group RawData"):
        list(read_tps(path))
    with h5py.File(path, "w") as file:
        file["TimeSlice000001/RawData/Trigger_0x00000000_Trigger_Primitive"] = np.zeros(3)
    with pytest.raises(UserError, match="want a dataset of bytes"):
        list(read_tps(path))


def test_a_file_that_is_still_being_written_is_refused(tmp_path):
    seen = []

    def slow():
        yield batches()[0]
        [part] = [path for path in tmp_path.iterdir() if "manifest" not in path.name]
        with pytest.raises(UserError) as caught:
            list(read_tps(part))
        seen.append(str(caught.value))

    write_tps(tmp_path / "tps.hdf5", slow())
    assert len(seen) == 1 and "tps.hdf5" in seen[0]


def test_fragments_of_other_kinds_are_passed_over(tmp_path):
    path = tmp_path / "tps.hdf5"
    write_tps(path, batches())
    with h5py.File(path, "r+") as file:
        raw = file["TimeSlice000001/RawData"]
        raw["Detector_Readout_0x00000000_FW_Trigger_Primitive"] = np.zeros(100, np.int8)
        raw["Trigger_0x00000000_Trigger_Activity"] = np.zeros(100, np.int8)
    assert sum(map(len, read_tps(path))) == 204
