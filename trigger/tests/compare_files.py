"""Files of TPs for the tests of ``lartrig compare``: made up, or from the vectors of DUNE's compiled code."""

from __future__ import annotations

import io
import lzma
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from streams.daq import tp
from streams.daq.tp import TP
from streams.files.tp_file import TpPlan, write_tps
from trigger.compare.comparison import Comparison, compare

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "data" / "tpg"
COUNT = 4000
SLOT = 12_800  # counts of time that a TP has to itself on all channels
FIRST = 1_000_000_000_000
Causes = dict[str, tuple[int, int, int]]


def write(path: Path, tps: NDArray[np.void], version: int = 2, batches: int = 1) -> Path:
    """Write TPs (TP array) in some batches, in the order given."""
    write_tps(path, np.array_split(tps, batches), TpPlan(version=version))
    return path


def write_in_samples(path: Path, tps: NDArray[np.void]) -> Path:
    """Write TP version 1 with the time over threshold in samples, as tpglibs at 28e50e5 does."""
    encode = tp.encode

    def in_samples(some: NDArray[np.void], version: int) -> bytes:
        records = np.frombuffer(encode(some, version), tp.TP_V1).copy()
        records["time_over_threshold"] = some["samples_over_threshold"]
        return records.tobytes()

    with mock.patch.object(tp, "encode", in_samples):
        return write(path, tps, version=1)


def vector(path: Path, name: str) -> Path:
    """Write the TPs of a vector as a file of the version that made them."""
    text = lzma.decompress((VECTORS / f"{name}.csv.xz").read_bytes()).decode()
    rows = np.loadtxt(io.StringIO(text), np.int64, delimiter=",", skiprows=1).T
    start, peak, length, channel, integral, highest = rows
    tps = np.zeros(len(start), TP)
    in_counts = name.startswith("fdreadoutlibs")
    tps["samples_to_peak"] = peak if "_v2_" in name else (peak - start) // 32
    tps["samples_over_threshold"] = length // 32 if in_counts else length
    tps["time_start"], tps["channel"] = start, channel
    tps["adc_integral"], tps["adc_peak"] = integral, highest
    if "_v1_" in name:
        return write_in_samples(path, tps)
    return write(path, tps, version=1 if in_counts else 2)


def made(seed: int = 1) -> NDArray[np.void]:
    """Return TPs of one assembly, 0.8 s, in the order of time, no two at once."""
    rng = np.random.default_rng(seed)
    tps = np.zeros(COUNT, TP)
    tps["version"], tps["detid"] = 2, 3
    tps["time_start"] = FIRST + SLOT * np.arange(COUNT) + 32 * rng.integers(0, 100, COUNT)
    tps["channel"] = rng.integers(0, 2560, COUNT)
    tps["samples_over_threshold"] = rng.integers(1, 40, COUNT)
    tps["samples_to_peak"] = tps["samples_over_threshold"] // 2
    tps["adc_peak"] = rng.integers(61, 900, COUNT)
    tps["adc_integral"] = tps["adc_peak"] * tps["samples_over_threshold"]
    return tps


def causes(found: Comparison) -> Causes:
    return {cause.name: tuple(cause[1:]) for cause in found.causes()}


def of(
    tmp_path: Path, a: NDArray[np.void], b: NDArray[np.void], versions: tuple[int, int] = (2, 2)
) -> Comparison:
    """Compare two sets of TPs, the files in several pieces."""
    files = [
        write(tmp_path / name, tps, version, batches=7)
        for name, tps, version in (("a.h5", a, versions[0]), ("b.h5", b, versions[1]))
    ]
    return compare(*files)


def of_files(a: Path, b: Path) -> Causes:
    return causes(compare(a, b))


#: Vectors that docs/compare.md compares.
IN_DOCS = (
    ("tpglibs_v1_frugal_threshold60", "tpglibs_v2_frugal_threshold60"),
    ("fdreadoutlibs_simplethreshold60", "tpglibs_v2_frugal_threshold60"),
    ("fdreadoutlibs_simplethreshold60", "tpglibs_v1_frugal_threshold60"),
    ("fdreadoutlibs_absrs_8_5_threshold60", "tpglibs_v2_frugal_absrs_8_10_threshold150"),
    ("tpglibs_v2_frugal_absrs_8_10_threshold150", "tpglibs_v2_frugal_absrs_8_10_frugal_threshold100"),
)


def table_rows(folder: Path) -> list[str]:
    """Return the rows of the table in docs/compare.md."""
    made = []
    for number, (a, b) in enumerate(IN_DOCS):
        files = [vector(folder / f"{number}{side}.h5", name) for side, name in (("a", a), ("b", b))]
        found = compare(*files)
        total = found.tally.total
        why = "; ".join(f"{c.name} {c.pairs} / {c.only_a} / {c.only_b}" for c in found.causes())
        made.append(f"| {a} | {b} | {total['a']}, {total['b']} | {total['pairs']}, {total['same']} | {why} |")
    return made
