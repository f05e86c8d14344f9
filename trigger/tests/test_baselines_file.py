"""``lartrig tpg``: from a file of raw frames to a file of TPs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner

from streams import channel_map, replay
from streams.block import Block
from streams.daq import spans, wibeth
from streams.errors import ConfigError, UserError
from streams.files import catalogue
from streams.files.tp_file import read_tps
from streams.files.writer import Plan, write_file
from streams.receiver.receive import identity_of
from streams.receiver.report import Report
from trigger.baselines.command import tpg
from trigger.baselines.from_file import Task, batches
from trigger.baselines.generator import Generator, make
from trigger.baselines.options import settled

BLOCKS = 20
FIRST = 1_000_000 * 2048


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of 20 blocks in two windows of noise with pulses."""
    path = tmp_path_factory.mktemp("run") / "run.h5"
    rng = np.random.default_rng(5)
    made = []
    for k in range(BLOCKS):
        adc = (900 + 5 * rng.standard_normal((64, 2560)) + 200 * (rng.random((64, 2560)) < 1e-3)).astype(
            np.uint16
        )
        planes = {"U": adc[:, :800], "V": adc[:, 800:1600]}
        made.append(Block(64 * k, FIRST + 2048 * k, adc[:, 1600:], induction=planes))
    write_file(path, iter(made), Plan(windows=2, window_blocks=BLOCKS // 2))
    return path


def expected(path: Path, chain: Any, missing: NDArray[np.bool_] | None = None) -> NDArray[np.void]:
    """Return the TPs of a file, found from its samples."""
    found = catalogue.read(path)
    table = channel_map.offline_channels(1)
    identity = identity_of(found.words[1], table)
    frames = np.zeros((40, BLOCKS, 900), np.uint64)
    frames[:, :, 0] = identity.word0[:, None]
    frames[:, :, 1] = FIRST + 2048 * np.arange(BLOCKS)
    for k, block in enumerate(replay.blocks(path)):
        row = np.concatenate([block.induction["U"].ravel(), block.induction["V"].ravel(), block.adc.ravel()])
        one = np.ascontiguousarray(frames[:, k : k + 1])
        spans.close_frames(row[None], identity.places, one)
        frames[:, k] = one[:, 0]
    planes = np.searchsorted([800, 1600], table, side="right")
    return Generator(chain, table.astype(int), planes).process(frames, missing)


@pytest.mark.parametrize("numerics", ["tpglibs_v2", "fdreadoutlibs"])
def test_tps_of_a_file(run: Path, tmp_path: Path, numerics: str) -> None:
    output = tmp_path / "tps.h5"
    tpg(run, output, "simple_threshold", numerics, "60", [], None, None, True, False)
    name = "tpg_threshold" if numerics == "fdreadoutlibs" else "plane0"
    given = {name: 60} | ({"plane1": 60, "plane2": 60} if name == "plane0" else {})
    want = expected(run, settled(make("simple_threshold", numerics, given)))
    got = np.concatenate(list(read_tps(output)))
    assert len(want) > 500
    names = [
        name for name in want.dtype.names if numerics == "fdreadoutlibs" or name not in ("type", "algorithm")
    ]
    np.testing.assert_array_equal(got[names], want[names])
    with h5py.File(output) as file:
        assert json.loads(file.attrs["config"])["numerics"] == numerics


def test_frames_that_were_read_go_on_as_they_are(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "close_frames", lambda *_: pytest.fail("packed again"))
    chain = settled(make("abs_rs", "tpglibs_v1"))
    report = Report()
    assert sum(len(tps) for tps, _ in batches(Task(run, chain), report)) > 0
    assert report.good and report.blocks == BLOCKS


@pytest.mark.parametrize(
    "word", [100, 1], ids=["sample", "timestamp"]
)  # of a frame: kept as read, packed again
def test_damaged_frames_are_left_out_and_counted(run: Path, tmp_path: Path, word: int) -> None:
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(run.read_bytes())
    with h5py.File(damaged, "r+") as file:
        record = file[min(name for name in file if name.startswith("TriggerRecord"))]["RawData"]
        for data in (data for name, data in record.items() if name.endswith("WIBEth")):
            raw = data[...]
            frames = raw.reshape(-1)[72:].view("<u8").reshape(-1, wibeth.FRAME_WORDS)
            place = [int(wibeth.get_field(frames[0], name)) for name in ("slot_id", "stream_id")]
            if channel_map.STREAMS.index(tuple(place)) == 7:
                frames[3, word] ^= np.uint64(4)
                data[...] = raw
    chain = settled(make("simple_threshold", "tpglibs_v2", {"plane0": 60, "plane1": 60, "plane2": 60}))
    report = Report()
    got = np.concatenate([tps for tps, _ in batches(Task(damaged, chain), report)])
    missing = np.zeros((BLOCKS, 40), np.bool_)
    missing[3, 7] = True
    np.testing.assert_array_equal(got, expected(damaged, chain, missing))
    assert not report.good
    with pytest.raises(UserError, match="damaged"):
        list(batches(Task(damaged, chain, strict=True), Report()))
    with pytest.raises(UserError, match="damaged"):
        tpg(damaged, tmp_path / "tps.h5", "abs_rs", "tpglibs_v2", "", [], None, None, True, False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-a", "simple"], "unknown algorithm simple: there are abs_rs, simple_threshold, standard_rs"),
        (["-n", "new"], "unknown numerics new: there are fdreadoutlibs, tpglibs_v1, tpglibs_v2"),
        (["-t", "60,60"], "--threshold: got 60,60, want one number, or three with commas for U, V, X"),
        (["-t", "ten"], "plane0: got ten, want int"),
        (["-t", "40000"], "plane0: got 40000, want int <= 32767"),
        (["-s", "plane0"], "--set: got plane0, want NAME=VALUE"),
        (["-s", "plane0=1", "-s", "plane0=2"], "--set: got plane0 twice"),
        (["-s", "plane0=1", "-t", "60"], "--threshold and --set plane0: both give the threshold"),
        (["-s", "tpg_threshold=1"], "got the parameter tpg_threshold, want one of plane0"),
        (["-s", "pedestal=fixed", "--settled"], "--settled: got a pedestal of kind Fixed, want a frugal one"),
        (["--crate", "7"], "got --crate 7, it holds 1"),
    ],
)
def test_what_cannot_be_is_one_sentence(run: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    app = typer.Typer()
    app.command()(tpg)
    output = tmp_path / "tps.h5"
    result = CliRunner().invoke(app, [str(run), "-o", str(output), *arguments])
    assert isinstance(result.exception, UserError)
    assert said in str(result.exception) and "\n" not in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_there_is_kept(run: Path, tmp_path: Path) -> None:
    output = tmp_path / "tps.h5"
    output.write_text("mine")
    with pytest.raises(ConfigError, match="exists already"):
        tpg(run, output, "abs_rs", "tpglibs_v2", "", [], None, None, True, False)
    assert output.read_text() == "mine"


def map_lines(crate: int, assembly: int) -> list[str]:
    """Return the lines of a map as PD2HDChannelMap has them (reference section 1.5)."""
    table = channel_map.offline_channels(1)
    lines = []
    for stream, (slot, number) in enumerate(channel_map.STREAMS):
        link, part = divmod(number, 64)
        for channel, offline in enumerate(table[stream].tolist()):
            plane = channel_map.PLANES.index(channel_map.plane_of(offline))
            place = f"{slot + 1} {link} 1 {channel} {plane} 0 1 0 0 {64 * part + channel}"
            lines.append(f"{offline + 2560 * assembly} {crate} APA {place}\n")
    return lines


def test_a_map_gives_the_assembly_and_a_wrong_one_is_refused(run: Path, tmp_path: Path) -> None:
    chain = settled(make("abs_rs"))
    path = tmp_path / "map.txt"
    path.write_text("".join(map_lines(crate=1, assembly=3)))
    tps = np.concatenate([tps for tps, _ in batches(Task(run, chain, channel_map=path), Report())])
    assert tps["channel"].min() >= 3 * 2560 and tps["channel"].max() < 4 * 2560
    path.write_text("".join(map_lines(crate=9, assembly=3)))
    with pytest.raises(UserError, match="has crates 9, want crate 1"):
        list(batches(Task(run, chain, channel_map=path), Report()))
    path.write_text(
        "".join(line.replace(" 1 0 0 ", " 1 0 0 9", 1) for line in map_lines(crate=1, assembly=3))
    )
    with pytest.raises(UserError, match="the map is of another detector"):
        list(batches(Task(run, chain, channel_map=path), Report()))
