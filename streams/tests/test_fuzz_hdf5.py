"""HDF5 files, ours and those without our extras, cut short and with flipped bits anywhere, their metadata above all.

Each damaged file is read in a child process. What must never be: a crash, a hang, a traceback, a wrong sample (where
the file has frame checks) or TP (where it has a check), a loss that nobody reports.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from streams.daq import tp
from streams.files.tp_file import TpPlan, write_tps
from streams.files.writer import Plan, write_file
from streams.tests import made_up
from streams.tests.damage import FULL, cut, flipped
from streams.tests.test_segments import COLUMNS, track

WINDOWS, WINDOW_BLOCKS = 2, 2
PATIENCE_S = 90.0


class Child:
    """The process that reads; it is started again if it dies."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, kind: str, path: Path, whole: Path | None, checked: bool) -> dict[str, object]:
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streams.tests.fuzz_child"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            )  # fmt: skip
        assert self.process.stdin and self.process.stdout
        question = {"kind": kind, "path": str(path), "whole": str(whole or ""), "checked": checked}
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
        if not select.select([self.process.stdout], [], [], PATIENCE_S)[0]:
            self.stop()
            return {"error": None, "wrong": f"it hangs: no answer in {PATIENCE_S:g} s"}
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            self.stop()
            return {"error": None, "wrong": f"the process died with {code}"}
        return json.loads(line)

    def stop(self) -> None:
        if self.process:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
        self.process = None


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    one = Child()
    yield one
    one.stop()


def run_file(folder: Path, slices: bool = False) -> tuple[Path, Path]:
    """Return a run file with truth and frame checks, and what it holds."""
    count = WINDOWS * WINDOW_BLOCKS
    source = made_up.blocks(seed=3)
    blocks = [next(source) for _ in range(count)]
    path = folder / "run.h5"
    write_file(path, blocks, Plan(WINDOWS, WINDOW_BLOCKS, config_json='{"seed":3}', slices=slices))
    whole = {name: np.stack([b.induction[name] for b in blocks]) for name in "UV"}
    whole["X"], whole["timestamp"] = (
        np.stack([b.adc for b in blocks]),
        np.array([b.timestamp for b in blocks]),
    )
    for name in ("events", "charge"):
        parts = [getattr(b, name) for b in blocks]
        whole[name], whole[f"{name}_end"] = np.concatenate(parts), np.cumsum([len(p) for p in parts])
    np.savez(folder / "whole.npz", **whole)
    return path, folder / "whole.npz"


def dune_file(folder: Path) -> tuple[Path, Path]:
    """Return a file as DUNE's writer leaves it: no truth, checks or map; HDF5's older format, without check sums."""
    path, whole = run_file(folder)
    with h5py.File(path) as source, h5py.File(folder / "dune.h5", "w", libver=("earliest", "v108")) as file:
        for name, value in source.attrs.items():
            file.attrs[name] = value
        for name in (name for name in source if name.startswith("TriggerRecord")):
            group = file.create_group(name)
            group.attrs.update(source[name].attrs)
            for inner, dataset in source[name]["RawData"].items():
                group[f"RawData/{inner}"] = dataset[:]
    path.unlink()
    kept = dict(np.load(whole))
    for name in ("events", "charge"):
        kept[name], kept[f"{name}_end"] = kept[name][:0], 0 * kept[f"{name}_end"]
    np.savez(whole, **kept)
    return folder / "dune.h5", whole


def tp_file(folder: Path) -> tuple[Path, Path]:
    tps = np.zeros(300, tp.TP)
    rng = np.random.default_rng(1)
    tps["version"], tps["time_start"] = 2, 32 * np.sort(rng.integers(10**9, 10**9 + 10**5, 300))
    tps["channel"], tps["adc_peak"] = rng.integers(0, 2560, 300), rng.integers(1, 9999, 300)
    tps["samples_over_threshold"], tps["adc_integral"] = rng.integers(1, 99, 300), rng.integers(1, 10**6, 300)
    path = folder / "tps.hdf5"
    write_tps(path, [tps[:100], tps[100:220], tps[220:]], TpPlan())
    from streams.files.tp_file import read_tps

    np.savez(folder / "whole.npz", tps=np.concatenate(list(read_tps(path))))
    return path, folder / "whole.npz"


def segments_file(folder: Path) -> tuple[Path, Path]:
    with h5py.File(folder / "segments.h5", "w") as file:
        file["segments"] = np.array([track(n // 4, 5.0 * n) for n in range(40)], np.dtype(COLUMNS))
    np.savez(folder / "whole.npz")
    return folder / "segments.h5", folder / "whole.npz"


def metadata(path: Path) -> np.ndarray:
    """Return the places of all bytes that are not values of a dataset stored in one piece."""
    is_data = np.zeros(path.stat().st_size, bool)

    def visit(_: str, thing: object) -> None:
        if isinstance(thing, h5py.Dataset) and thing.id.get_offset() is not None:
            is_data[thing.id.get_offset() : thing.id.get_offset() + thing.id.get_storage_size()] = True

    with h5py.File(path) as file:
        file.visititems(visit)
    return np.flatnonzero(~is_data)


def small(path: Path) -> np.ndarray:
    """Return the places of what decides where samples go: maps, checks, headers of records, fragments and frames."""
    found = []

    def visit(name: str, thing: object) -> None:
        if isinstance(thing, h5py.Dataset) and thing.id.get_offset() is not None:
            begin, size = thing.id.get_offset(), thing.id.get_storage_size()
            found.append(begin + np.arange(min(size, 200) if name.endswith("WIBEth") else size))

    with h5py.File(path) as file:
        file.visititems(visit)
    return np.concatenate([*found, metadata(path)])


KINDS = {
    "our run": ("run", run_file, True),
    "our time slices": ("run", lambda folder: run_file(folder, slices=True), True),
    "a run as DUNE's": ("run", dune_file, False),
    "our TPs": ("tps", tp_file, True),
    "segments": ("segments", segments_file, False),
}


def damaged(path: Path, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield damaged copies: cut, and flipped in the metadata, in what is small but matters, and anywhere."""
    data = path.read_bytes()
    some = 12 if not FULL else 200
    yield from cut(data, seed, 4 if not FULL else 50)
    yield from flipped(data, seed, some, metadata(path))
    yield from flipped(data, seed + 100, some, small(path))
    yield from flipped(data, seed + 200, some // 2)


@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_hdf5_file_is_refused_or_read_right(name, child, tmp_path):
    kind, make, checked = KINDS[name]
    path, whole = make(tmp_path)
    good = child.ask(kind, path, whole, checked)
    assert good == {"error": None, "wrong": None}
    findings, refused = [], 0
    broken = tmp_path / f"broken_{path.name}"
    for what, data in damaged(path, list(KINDS).index(name)):
        broken.unlink(missing_ok=True)
        broken.write_bytes(data)
        said = child.ask(kind, broken, whole, checked)
        refused += said["error"] is not None
        if said["wrong"] is not None:
            findings.append(f"{what}: {said['wrong']}")
    assert not findings, f"{name}: {len(findings)} findings\n" + "\n".join(findings[:5])
    assert refused >= 4  # the cut ones at least


def test_what_the_child_would_find(child, tmp_path):
    """Negative control: samples that are not those of the file, and a reader that dies, are found."""
    path, whole = run_file(tmp_path)
    values = dict(np.load(whole))
    values["V"][1, 3, 5] ^= 1
    np.savez(tmp_path / "other.npz", **values)
    assert "plane V" in str(child.ask("run", path, tmp_path / "other.npz", True)["wrong"])
    assert "KeyError" in str(child.ask("run", path, None, True)["wrong"])
    assert child.process
    child.process.kill()
    said = child.ask("run", path, whole, True)
    assert "died with -9" in str(said["wrong"])
    assert child.ask("run", path, whole, True) == {"error": None, "wrong": None}  # another one took over
