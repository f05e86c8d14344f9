"""Files written here, read by a script that knows the description of the formats only; and that it can say no."""

from __future__ import annotations

import ast
import subprocess
import sys
from itertools import islice
from pathlib import Path

import h5py
import numpy as np
import pytest

from streams import channel_map
from streams.daq import tp
from streams.daq.spans import frame_checks
from streams.files.tp_file import TpPlan, write_tps
from streams.files.writer import Plan, write_file, write_files
from streams.tests.made_up import FIRST_TIMESTAMP, blocks

SCRIPT = Path(__file__).with_name("independent_reader.py")


def read(path: Path) -> dict[str, np.ndarray]:
    out = path.parent / "read.npz"
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(path), str(out)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=path.parent,
    )
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    with np.load(out) as found:
        return dict(found)


def in_order(block) -> np.ndarray:
    return np.concatenate([block.induction["U"], block.induction["V"], block.adc], axis=1)


def other_map() -> np.ndarray:
    table = channel_map.offline_channels().copy()
    table[0, :2] = table[0, 1::-1]
    return table


def test_the_script_shares_no_code_with_the_project():
    tree = ast.parse(SCRIPT.read_text())
    names = set()
    for node in ast.walk(tree):
        names |= {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
        assert not isinstance(node, ast.ImportFrom)
    assert names == {"json", "re", "struct", "sys", "h5py", "numpy"}


@pytest.mark.parametrize(
    "plan",
    [
        Plan(windows=2, window_blocks=3),
        Plan(windows=2, window_blocks=17, slices=True, crate=150, run_number=7),
        Plan(windows=1, window_blocks=1, crate=3, first_record=12),
        Plan(windows=1, window_blocks=1, offline=other_map()),
    ],
    ids=["records", "slices", "turned", "map"],
)
def test_a_file_is_read_sample_by_sample(tmp_path, plan):
    first_tick = 64 * 4090  # seq_id runs over its end
    write_file(tmp_path / "run.h5", blocks(first_tick=first_tick), plan)
    want = list(islice(blocks(first_tick=first_tick), plan.windows * plan.window_blocks))
    found = read(tmp_path / "run.h5")
    assert found["facts"].tolist() == [plan.crate, plan.run_number, 0]
    assert found["timestamps"].tolist() == [block.timestamp for block in want]
    assert np.array_equal(found["samples"], np.concatenate([in_order(block) for block in want]))


def test_a_plain_file_is_read_stream_by_stream(tmp_path):
    write_file(tmp_path / "run.h5", blocks(), Plan(windows=2, window_blocks=2, slices=True, plain=True))
    with h5py.File(tmp_path / "run.h5") as file:
        assert list(file) == ["TimeSlice000001", "TimeSlice000002"]
    want = np.concatenate([in_order(block) for block in islice(blocks(), 4)])
    assert np.array_equal(
        read(tmp_path / "run.h5")["samples"], want[:, channel_map.offline_channels().ravel()]
    )


def test_the_files_of_a_run_are_read_one_after_the_other(tmp_path):
    paths = write_files(tmp_path / "run", blocks(), Plan(windows=3, window_blocks=1), file_bytes=600_000)
    assert [path.name for path in paths] == [f"lartrig_run000001_000{k}_crate0001.hdf5" for k in (0, 1)]
    found = [read(path) for path in paths]
    assert [one["facts"].tolist() for one in found] == [[1, 1, 0], [1, 1, 1]]
    stamps = np.concatenate([one["timestamps"] for one in found])
    assert stamps.tolist() == [FIRST_TIMESTAMP + 2048 * k for k in range(3)]
    want = np.concatenate([in_order(block) for block in islice(blocks(), 3)])
    assert np.array_equal(np.concatenate([one["samples"] for one in found]), want)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("slices", [True, False])
def test_trigger_primitives_are_read(tmp_path, version, slices):
    rng = np.random.default_rng(version)
    tps = np.zeros(50, tp.TP)
    for name in tp.TP.names:
        tps[name] = rng.integers(0, 256, 50)
    tps["version"], tps["time_start"] = version, FIRST_TIMESTAMP + rng.integers(0, 9999, 50)
    if version == 2:
        tps["type"] = tps["algorithm"] = 0
    write_tps(tmp_path / "tps.hdf5", [tps[:20], tps[20:]], TpPlan(version, run_number=3, slices=slices))
    found = read(tmp_path / "tps.hdf5")
    order = "flag detid channel samples_over_threshold time_start samples_to_peak adc_integral adc_peak type algorithm"
    for column, name in enumerate(order.split()):
        assert found["tps"][:, column].tolist() == tps[name].tolist(), name
    assert found["facts"].tolist() == [-1, 3, 0] and len(found["samples"]) == 0


def test_the_script_sees_what_is_changed(tmp_path):
    path = tmp_path / "run.h5"
    write_file(path, blocks(), Plan(1, 2))
    whole = read(path)["samples"]
    name = "TriggerRecord000001.0000/RawData/Detector_Readout_0x00000064_WIBEth"

    def flip(at: int, bit: int) -> None:
        with h5py.File(path, "r+") as file:
            file[name][at] ^= np.int8(1 << bit)

    flip(72 + 7200 + 32, 0)  # the lowest bit of channel 0, sample 0 of frame 1 of stream 0
    with pytest.raises(SystemExit, match=r"FrameChecks of source 100"):
        read(path)
    with h5py.File(path, "r+") as file:
        frame = np.frombuffer(file[name][72 + 7200 :].tobytes(), "<u8").reshape(1, 900)
        before = file["FrameChecks/TriggerRecord000001.0000"][0, 1]
        file["FrameChecks/TriggerRecord000001.0000"][0, 1] = frame_checks(frame)[0]
    channel = channel_map.offline_channels()[0, 0]
    assert np.argwhere(read(path)["samples"] != whole).tolist() == [[64, channel]]
    with h5py.File(path, "r+") as file:
        file["FrameChecks/TriggerRecord000001.0000"][0, 1] = before
    flip(72 + 7200 + 32, 0)
    for at, sentence in {
        4: "version, size",
        9: "size",
        32: "window|trigger",
        72: "version",
        81: "timestamps",
    }.items():
        flip(at, 1)
        with pytest.raises(SystemExit, match=sentence):
            read(path)
        flip(at, 1)
    assert np.array_equal(read(path)["samples"], whole)
