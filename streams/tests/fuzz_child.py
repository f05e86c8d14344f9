"""Reads damaged HDF5 files in a process of its own, so that a crash or a hang of HDF5 is a finding and no end of tests.

A line of standard input is JSON: kind, path, path of what the whole file held (``.npz``), whether the frames have
checks. The answer is JSON: ``error`` (the sentence for the user), ``wrong`` (what should never be), and whether the
report says that all is well.
"""

from __future__ import annotations

import json
import resource
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np

from streams import replay
from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.errors import UserError
from streams.files.tp_file import read_tps
from streams.receiver.report import Report
from streams.segments import open_segments, read_event
from streams.signals import SegmentsSignal

MOST_BYTES = 12 << 30  # of address space: a length that is damaged must not take the machine with it


def read_run(path: Path, whole: dict[str, np.ndarray], checked: bool) -> str | None:
    """Return what is wrong with the blocks of a file: samples, truth, order, or a loss that is not reported."""
    report, seen, complete = Report(), set(), True
    times = {int(t): k for k, t in enumerate(whole["timestamp"])}
    for block in replay.blocks(path, report=report):
        row = times.get(block.timestamp)
        if row is None:
            if checked:
                return f"a block at {block.timestamp}, where nothing was"
            continue
        if block.timestamp in seen or (seen and block.timestamp < max(seen)):
            return f"the block at {block.timestamp} comes twice or late"
        seen.add(block.timestamp)
        for name, samples in {**block.induction, "X": block.adc}.items():
            lacks = block.missing.get(name, np.zeros(samples.shape[1], bool))
            complete &= not lacks.any()
            if samples[:, lacks].any():
                return f"plane {name} has samples where they are missing"
            if checked and not np.array_equal(samples[:, ~lacks], whole[name][row][:, ~lacks]):
                return f"plane {name} of the block at {block.timestamp} has wrong samples"
        for name, rows in (("events", block.events), ("charge", block.charge)):
            ends = whole[f"{name}_end"]
            want = whole[name][ends[row - 1] if row else 0 : ends[row]]
            if rows.tobytes() != want.tobytes() and (len(rows) or report.first is None):
                return f"{name} of the block at {block.timestamp} are wrong, and nothing says so"
    complete &= len(seen) == len(times)
    if not complete and report.good:
        return f"{len(times) - len(seen)} blocks are missing, and the report is good"
    return None


def read_tp_file(path: Path, whole: dict[str, np.ndarray], checked: bool) -> str | None:
    """Return what is wrong with the TPs of a file."""
    got = list(read_tps(path))
    found = np.concatenate(got) if got else np.zeros(0, whole["tps"].dtype)
    if checked and found.tobytes() != whole["tps"].tobytes():
        return f"{len(found)} TPs, not those that were written"
    return None


def read_segments(path: Path, whole: dict[str, np.ndarray], checked: bool) -> str | None:
    """Read all events of a file of segments, which has no check of its own."""
    segments = open_segments(SegmentsSignal(str(path)), load_detector(SimulationConfig().detector))
    for number in range(len(segments.time_ns)):
        read_event(segments, number)
    return None


READERS = {"run": read_run, "tps": read_tp_file, "segments": read_segments}


def answer(asked: dict[str, object]) -> dict[str, object]:
    """Return what happened with one file."""
    path = Path(str(asked["path"]))
    whole = dict(np.load(str(asked["whole"]))) if asked["whole"] else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            wrong = READERS[str(asked["kind"])](path, whole, bool(asked["checked"]))
        except UserError as error:
            sentence = str(error)
            bad = "\n" in sentence or path.name not in sentence or len(sentence) > 2000
            return {"error": sentence, "wrong": f"no good sentence: {sentence[:500]!r}" if bad else None}
        except Exception:
            return {"error": None, "wrong": traceback.format_exc()[-1500:]}
    return {"error": None, "wrong": wrong}


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
