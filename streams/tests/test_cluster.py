"""A run in parts: the same bytes however it is cut and resumed; what is damaged or lost is made again."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import h5py
import msgspec
import numpy as np
import pytest

from streams import replay
from streams.cluster import partition, state_file, whole
from streams.cluster.partition import STATES, WORK, Job, make
from streams.cluster.run import Partition, Run, partitions, run_of
from streams.cluster.whole import MANIFEST, RUN, digest_of, simulate_run
from streams.config import SimulationConfig
from streams.errors import ConfigError, UserError
from streams.tests.cluster_runs import CONFIG, SERIAL, SPAN_MS, files_of


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run of 2 assemblies x 3 spans of 2 blocks, made in one go by this process."""
    folder = tmp_path_factory.mktemp("serial") / "run"
    return folder, simulate_run(run_of(CONFIG, 2, SPAN_MS), folder, SERIAL).digest


def again(serial: tuple[Path, str], tmp_path: Path) -> tuple[Path, Run]:
    """A copy of the run that can be damaged."""
    shutil.copytree(serial[0], tmp_path / "run")
    return tmp_path / "run", run_of(CONFIG, 2, SPAN_MS)


def frames(folder: Path, crate: int) -> dict[str, np.ndarray]:
    """Return the frames of each stream, and the truth, of one crate over all files."""
    found: dict[str, list[np.ndarray]] = {}
    for path in sorted(folder.glob(f"*crate{crate:04d}.hdf5")):
        with h5py.File(path) as file:
            for record in sorted(name for name in file if name.startswith("TriggerRecord")):
                for name, data in file[record]["RawData"].items():
                    if name.endswith("WIBEth"):
                        found.setdefault(name, []).append(np.asarray(data).ravel()[72:])
                found.setdefault("records", []).append(np.array([record]))
            for name in ("events", "charge"):
                found.setdefault(name, []).append(np.asarray(file["Truth"][name]))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def test_spans_follow_each_other_without_a_seam(serial: tuple[Path, str], tmp_path: Path) -> None:
    simulate_run(run_of(CONFIG, 2, 1e6), tmp_path / "long", SERIAL)
    assert [len(files_of(folder)) for folder in (serial[0], tmp_path / "long")] == [6, 2]
    for crate in (1, 2):
        cut, one = (frames(folder, crate) for folder in (serial[0], tmp_path / "long"))
        assert cut.keys() == one.keys() and len(cut) == 43
        assert all(np.array_equal(cut[name], one[name]) for name in one)
        assert cut["records"].tolist() == [f"TriggerRecord{n:06d}.0000" for n in (1, 2, 3)]
        assert len(cut["events"]) and len(cut["charge"])
    words = next(iter(frames(serial[0], 2).values())).view(np.uint64).reshape(-1, 900)
    assert ((words[:, 0] >> np.uint64(40)) & np.uint64(4095)).tolist() == list(range(6))  # seq_id goes on
    assert np.diff(words[:, 1]).tolist() == [2048] * 5


def test_the_manifest_says_what_was_made(serial: tuple[Path, str]) -> None:
    folder, digest = serial
    said = json.loads((folder / MANIFEST).read_text())
    assert said["digest"] == digest and said["seed"] == CONFIG.seed and said["apas"] == 2
    assert {path.name for path in files_of(folder)} == set(said["files"])
    for path in files_of(folder):
        assert said["files"][path.name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert said["files"][path.name]["bytes"] == path.stat().st_size
        with h5py.File(path) as file:
            config = json.loads(file.attrs["config"])
            place = {1: (0, "bottom_outer_end"), 2: (1, "bottom_end")}[config["crate"]]
            assert (config["apa"], config["position"]) == place
    shell = subprocess.run(
        "sha256sum *.hdf5 | sha256sum", shell=True, cwd=folder, capture_output=True, text=True, check=True
    )
    assert shell.stdout.split()[0] == digest
    left = {path.name for path in folder.iterdir()} - {f"{name}.manifest.json" for name in said["files"]}
    assert left == set(said["files"]) | {MANIFEST, RUN}


def test_the_digest_is_that_of_the_content() -> None:
    assert (
        digest_of({"a": "1", "b": "2"}) == digest_of({"b": "2", "a": "1"}) != digest_of({"a": "2", "b": "1"})
    )


def test_what_is_there_is_not_made_again(serial: tuple[Path, str], tmp_path: Path) -> None:
    folder, run = again(serial, tmp_path)
    times = {path: path.stat().st_mtime_ns for path in files_of(folder)}
    found = simulate_run(run, folder, SERIAL)
    assert found.digest == serial[1] and not any(one.new for one in found.made)
    assert times == {path: path.stat().st_mtime_ns for path in files_of(folder)}


def test_a_run_that_was_stopped_goes_on_from_what_was_kept(serial: tuple[Path, str], tmp_path: Path) -> None:
    folder, run = tmp_path / "run", run_of(CONFIG, 2, SPAN_MS)
    folder.mkdir()
    job = Job(run, folder, {})
    for part in partitions(run)[:3]:
        make(job, part)
    (folder / RUN).write_bytes(msgspec.json.encode(run))
    assert {path.name for path in (folder / STATES).iterdir()} == {"apa0000_span000002", "apa0001_span000001"}
    (folder / WORK / "of-a-dead-worker").mkdir(parents=True)
    (folder / WORK / "of-a-dead-worker" / "part.hdf5").write_bytes(b"half")
    found = simulate_run(run, folder, SERIAL)
    assert found.digest == serial[1]
    new = [one.name for one in found.made if one.new]
    assert new == [path.name for path in files_of(folder)[3:]]
    assert not (folder / WORK).exists() and not (folder / STATES).exists()


@pytest.mark.parametrize("damage", ["flipped", "truncated", "manifest", "other run", "no state"])
def test_what_is_damaged_is_made_again(damage: str, serial: tuple[Path, str], tmp_path: Path) -> None:
    folder, run = again(serial, tmp_path)
    path = files_of(folder)[2]  # span 1 of the first assembly: what was kept before it is long gone
    beside = path.with_name(path.name + ".manifest.json")
    content = path.read_bytes()
    match damage:
        case "flipped":
            path.write_bytes(content[:9999] + bytes([content[9999] ^ 4]) + content[10000:])
        case "truncated":
            path.write_bytes(content[:-1])
        case "manifest":
            beside.write_text("{")
        case "other run":
            beside.write_text(json.dumps({**json.loads(beside.read_text()), "run": "0" * 64}))
        case _:
            path.unlink()
    found = simulate_run(run, folder, SERIAL)
    assert found.digest == serial[1] and path.read_bytes() == content
    assert [one.name for one in found.made if one.new] == [path.name]


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-9], lambda raw: raw[:200] + b"x" + raw[201:], lambda raw: b""]
)
def test_a_state_that_is_not_whole_is_not_used(damage, serial: tuple[Path, str], tmp_path: Path) -> None:
    run = run_of(CONFIG, 2, SPAN_MS)
    job = Job(run, tmp_path, {})
    make(job, Partition(1, 0))
    kept = next((tmp_path / STATES).iterdir())
    kept.write_bytes(damage(kept.read_bytes()))
    made = make(job, Partition(1, 1))
    assert made.sha256 == hashlib.sha256((serial[0] / made.name).read_bytes()).hexdigest()


def test_a_span_of_several_windows_without_a_state(serial: tuple[Path, str], tmp_path: Path) -> None:
    run = run_of(CONFIG, 2, 2 * SPAN_MS)
    assert run.span_windows == 2
    made = make(
        Job(run, tmp_path, {}), Partition(1, 1)
    )  # window 3 alone; nothing is kept from the two before it
    got = list(replay.blocks(tmp_path / made.name))
    want = list(replay.blocks(serial[0] / "lartrig_run000001_0002_crate0002.hdf5"))
    assert [b.timestamp for b in got] == [b.timestamp for b in want]
    assert all(np.array_equal(one.adc, other.adc) for one, other in zip(got, want, strict=True))


def test_a_state_runs_no_code_and_belongs_to_one_place(tmp_path: Path) -> None:
    path = tmp_path / "state"
    state_file.save(path, "a", {"x": np.arange(3)})
    assert state_file.load(path, "b") is None and state_file.load(tmp_path / "absent", "a") is None
    np.savez(tmp_path / "evil.npz", x=np.array([{"any": "object"}], object))
    content = b"a\n" + (tmp_path / "evil.npz").read_bytes()
    path.write_bytes(hashlib.sha256(content).digest() + content)
    assert state_file.load(path, "a") is None


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"config": SimulationConfig(seed=2, windows=3, window_blocks=2)}, "configuration"),
        ({"apas": 1}, "--apas"),
        ({"span_windows": 3}, "--span-ms"),
        ({"code": "0"}, "version of lartrig"),
    ],
)
def test_a_folder_of_another_run_is_refused(change, differs: str, serial: tuple[Path, str]) -> None:
    run = msgspec.structs.replace(run_of(CONFIG, 2, SPAN_MS), **change)
    with pytest.raises(
        ConfigError, match=f"has another run: its {differs}.* differs: choose another name"
    ) as error:
        simulate_run(run, serial[0], SERIAL)
    assert "\n" not in str(error.value)
    assert len(files_of(serial[0])) == 6


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    run = run_of(CONFIG, 1, SPAN_MS)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    with pytest.raises(ConfigError, match=r"has other files and no run.json"):
        simulate_run(run, tmp_path / "full", SERIAL)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.tex"]
    with pytest.raises(ConfigError, match=r"nowhere does not exist: create it first"):
        simulate_run(run, tmp_path / "nowhere" / "run", SERIAL)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match=r"file is a file, and a run in parts is a folder: choose"):
        simulate_run(run, tmp_path / "file", SERIAL)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / RUN).write_text("{}")
    with pytest.raises(ConfigError, match=r"run.json: Object missing required field"):
        simulate_run(run, tmp_path / "damaged", SERIAL)
    (tmp_path / "held").mkdir()
    holder = os.open(tmp_path / "held", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(ConfigError, match="another command writes to it now"):
        simulate_run(run, tmp_path / "held", SERIAL)
    os.close(holder)


def test_a_disk_without_room_is_said_before_anything_is_made(tmp_path: Path, monkeypatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(whole.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(UserError, match=r"needs 0.003 GB more, there are 0.001 GB free"):
        simulate_run(run_of(CONFIG, 2, SPAN_MS), tmp_path / "run", SERIAL)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("refused", ["state", "file"])
def test_a_disk_that_fills_up_ends_in_a_sentence_and_goes_on(
    refused: str, serial: tuple[Path, str], tmp_path: Path, monkeypatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if refused == "state":
            patch.setattr(partition.state_file, "save", no_room)
        else:
            patch.setattr(os, "pwrite", no_room)
        with pytest.raises(UserError, match=r"cannot write .*0000_crate0001.hdf5: No space left") as error:
            simulate_run(run_of(CONFIG, 2, SPAN_MS), tmp_path / "run", SERIAL)
    assert WORK not in str(error.value)
    assert not (tmp_path / "run").exists()
    assert simulate_run(run_of(CONFIG, 2, SPAN_MS), tmp_path / "run", SERIAL).digest == serial[1]


def test_a_process_of_another_version_makes_nothing(tmp_path: Path) -> None:
    run = msgspec.structs.replace(run_of(CONFIG, 2, SPAN_MS), code="other")
    with pytest.raises(UserError, match="is not that of the command: install the same on both"):
        make(Job(run, tmp_path, {}), Partition(0, 0))
    assert list(tmp_path.iterdir()) == []


def test_the_bytes_do_not_depend_on_when_python_lets_go_of_datasets(tmp_path: Path, monkeypatch) -> None:
    """Another thread that looks at the stack, as Dask's profiler does, keeps datasets open for a moment longer."""
    from streams.files.writer import Plan, write_file
    from streams.tests.made_up import blocks

    plan, kept = Plan(windows=2, window_blocks=20), []
    write_file(tmp_path / "one.h5", blocks(), plan)
    make_dataset = h5py.Group.create_dataset

    def held(self, *words, **options):
        kept.append(make_dataset(self, *words, **options))
        return kept[-1]

    monkeypatch.setattr(h5py.Group, "create_dataset", held)
    write_file(tmp_path / "other.h5", blocks(), plan)
    assert len(kept) >= 4
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "other.h5").read_bytes()


def test_a_folder_is_replayed_crate_by_crate_as_the_stream_that_it_is_cut_from(
    serial: tuple[Path, str],
) -> None:
    """Over three files, by the reader that checks every frame."""
    from itertools import islice

    from streams import replay
    from streams.cluster.assemblies import assembly
    from streams.simulate import stream

    with pytest.raises(UserError, match="crate"):
        list(replay.blocks(serial[0]))
    for number in (0, 1):
        read = list(replay.blocks(serial[0], crate=number + 1, strict=True))
        want = list(islice(stream(assembly(CONFIG, number)), 6))
        assert [(b.first_tick, b.timestamp) for b in read] == [(b.first_tick, b.timestamp) for b in want]
        for got, one in zip(read, want, strict=True):
            assert np.array_equal(got.adc, one.adc) and not got.missing
            assert all(np.array_equal(got.induction[plane], one.induction[plane]) for plane in "UV")
            assert np.array_equal(got.events, one.events) and np.array_equal(got.charge, one.charge)
