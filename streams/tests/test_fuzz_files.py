"""Every kind of input file that is no HDF5, cut short and with flipped bits: one sentence, or what it was before.

Kinds with check sums (bzip2, gzip, zip) must be refused or read exactly; in the others a flipped bit may be another
number, which nobody can see, but never a crash, a hang, a warning or a traceback. ``lartrig`` shows a ``UserError`` as
one line that names the file.
"""

from __future__ import annotations

import bz2
import gzip
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams import channel_map_file, noise_spectra
from streams.config import SimulationConfig
from streams.config import checked as checked_simulation
from streams.detector import load_detector
from streams.errors import UserError
from streams.geometry import wires_file
from streams.injection import faults
from streams.recorded.config import ImportConfig
from streams.recorded.config import checked as checked_import
from streams.recorded.imported import read_sample
from streams.response import wirecell
from streams.sources.model import load_model
from streams.sources.neutrinos.flux_file import read_flux
from streams.sources.spectrum_file import read_spectrum
from streams.tests import made_up_frames
from streams.tests.damage import FULL, damaged
from streams.tests.test_channel_map import text_of_map
from streams.tests.test_noise_spectra import published
from streams.tests.test_response_file import made_up
from streams.toml import load

PATIENCE_S = 20.0

SIMULATION = """
seed = 7
windows = 2
window_blocks = 3
position = "top"
planes = ["U", "X"]
backgrounds = { Kr85 = 0.5, all = 0.1 }
electron_lifetime_ms = 8.5
first_timestamp = 123456789

[electronics]
gain_mv_per_fc = 7.8
dead_channels = [1, 2000]
noisy_channels = { 5 = 3.5 }
stuck_bits = { 7 = [3, 1] }

[[signals]]
kind = "burst"
distance_kpc = 10.0
start_ms = -50.0

[[signals]]
kind = "neutrinos"
rate_hz = 10.0
flux = { shape = "pinched", alpha = 2.5 }
"""
IMPORT = """
seed = 5
others = "missing"
repeat = 3
window_blocks = 69

[counts]
tick_ns = 500
bits = 12
plane = "U"
first_channel = 100
fill = "repeat"

[electrons]
planes = { X = [100, 140] }
low_pass_mhz = 0.2

[electronics]
field_response = ""
noise_scale = 0.5
"""


class Kind(NamedTuple):
    """A kind of file: its name, the bytes of a good one, its reader, and whether every flipped bit must show."""

    name: str
    data: Callable[[], bytes]
    read: Callable[[Path], Any]
    exact: bool = False


def frames(packing: str) -> Callable[[], bytes]:
    def data() -> bytes:
        import tempfile

        parts = made_up_frames.members(
            made_up_frames.electrons(40, 200), np.arange(100, 140), bad=((103, 0, 9),)
        )
        with tempfile.TemporaryDirectory() as folder:
            return made_up_frames.write(Path(folder) / "frames", parts, packing).read_bytes()

    return data


def counts(save: Callable[..., None]) -> Callable[[], bytes]:
    def data() -> bytes:
        import io

        file = io.BytesIO()
        save(file, np.random.default_rng(1).integers(0, 4096, (5, 300), np.int16))
        return file.getvalue()

    return data


def sample(path: Path) -> Any:
    config = ImportConfig(others="missing")
    planes = msgspec.structs.replace(config.electrons, planes={"X": (100, 140)})
    found = read_sample(path, msgspec.structs.replace(config, electrons=planes))
    part = found.parts["X"]
    return [found.ticks, part.taken, part.bad, part.counts, part.signal]


def wires() -> bytes:
    store = {
        "points": [{"Point": {"x": 0.0, "y": float(k), "z": 2.0 * k}} for k in range(20)],
        "wires": [{"Wire": {"channel": k, "segment": 0, "tail": k, "head": k + 1}} for k in range(19)],
        "planes": [{"Plane": {"wires": list(range(19))}}],
        "faces": [{"Face": {"ident": 0, "planes": [0]}}],
        "anodes": [{"Anode": {"ident": 0, "faces": [0]}}],
    }
    return json.dumps({"Store": store}).encode()


def flux() -> bytes:
    rows = [[0.0002 * k, *(6 * [1e9 * np.exp(-0.05 * k) if k else 0.0])] for k in range(501)]
    return "".join(" ".join(f"{v:.6g}" for v in row) + "\n" for row in rows).encode()


def spectrum() -> bytes:
    rows = "".join(f"{e} {np.exp(-0.002 * e):.5f}\n" for e in range(50, 2000, 50))
    return f"# energy_kev weight\n{rows}".encode()


def arrays(fields: Any) -> Any:
    """Return a flux, spectra or a response as plain arrays, to compare."""
    if hasattr(fields, "current"):
        return [fields.period_us, *fields.current.values()]
    return (
        [np.asarray(value) for value in vars(fields).values()]
        if hasattr(fields, "__dict__")
        else list(fields)
    )


PRESET = Path(__file__).parents[1] / "presets/fd1-hd-apa.toml"
MODEL = Path(__file__).parents[1] / "sources/models/v2.8.toml"
SPECTRA = {"tick_ns": 512.0, "uv_per_adc": 85.449}

KINDS = [
    Kind("map.txt", lambda: "\n".join(text_of_map()).encode(), channel_map_file.read),
    Kind("run.toml", SIMULATION.encode, lambda path: checked_simulation(load(path, SimulationConfig))),
    Kind("import.toml", IMPORT.encode, lambda path: checked_import(load(path, ImportConfig))),
    Kind("preset.toml", PRESET.read_bytes, lambda path: load_detector(str(path))),
    Kind("model.toml", MODEL.read_bytes, lambda path: load_model(str(path))),
    Kind("frames.tar.bz2", frames("bz2"), sample, True),
    Kind("frames.tar.gz", frames("gz"), sample, True),
    Kind("frames.tar", frames(""), sample),
    Kind("adc.npz", counts(np.savez_compressed), sample, True),
    Kind("adc_stored.npz", counts(np.savez), sample, True),
    Kind("adc.npy", counts(np.save), sample),
    Kind("response.json", lambda: json.dumps(made_up(3, 5)).encode(), lambda p: arrays(wirecell.read(p))),
    Kind("response.json.bz2", lambda: bz2.compress(json.dumps(made_up()).encode()),
         lambda path: arrays(wirecell.read(path)), True),
    Kind("noise.json", lambda: json.dumps(published()).encode(), lambda p: arrays(noise_spectra.read(p, **SPECTRA))),
    Kind("noise.json.bz2", lambda: bz2.compress(json.dumps(published()).encode()),
         lambda path: arrays(noise_spectra.read(path, **SPECTRA)), True),
    Kind("wires.json", wires, wires_file.read),
    Kind("wires.json.bz2", lambda: bz2.compress(wires()), wires_file.read, True),
    Kind("flux.dat", flux, lambda path: arrays(read_flux(path))),
    Kind("spectrum.txt", spectrum, lambda path: read_spectrum(str(path))),
]  # fmt: skip
NAMES = [kind.name for kind in KINDS]
CHECKED = ("run.toml", "import.toml")


def same(one: Any, other: Any) -> bool:
    """Return whether two results are equal, arrays and all."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return bool(one == other)


def tried(kind: Kind, path: Path, data: bytes) -> Any:
    """Return what the reader makes of the bytes: a result, or the sentence it refuses them with."""
    path.unlink(missing_ok=True)  # another file: readers that remember one know it by its times
    path.write_bytes(data)
    start = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = kind.read(path)
        except UserError as error:
            sentence = str(error)
            named = (
                path.name in sentence or kind.name in CHECKED
            )  # a value of a configuration: its key is named
            assert "\n" not in sentence and named and len(sentence) < 2000, sentence[:500]
            found = sentence
    assert time.monotonic() - start < PATIENCE_S
    return found


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_damaged_file_is_refused_in_one_sentence_or_read(kind, tmp_path):
    data, path = kind.data(), tmp_path / kind.name
    good = tried(kind, path, data)
    assert not isinstance(good, str), good
    refused = 0
    for what, bytes_ in damaged(data, NAMES.index(kind.name)):
        try:
            found = tried(kind, path, bytes_)
        except Exception as error:
            raise AssertionError(f"{kind.name}, {what}: {repr(error)[:500]}") from error
        if isinstance(found, str):
            refused += 1
        elif kind.exact:
            assert same(found, good), f"{kind.name}, {what}: read, but it is not what it was"
    assert refused >= 3


FOREIGN = {
    "empty": b"",
    "zeros": bytes(4096),
    "text": b"Dear reader,\nthis is a letter.\n",
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(2040),
    "ROOT": b"root\x00\x00\xf7\x5d" + bytes(500),
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(300),
    "zip": b"PK\x05\x06" + bytes(18),
    "gzip": gzip.compress(b"something else"),
    "bzip2": bz2.compress(b"something else"),
    "JSON": b'{"a": [1, 2, {"b": null}]}',
    "TOML": b"answer = 42\n",
    "deep JSON": b"[" * 100_000,
    "not UTF-8": b"\xff\xfe\x00caf\xe9\n",
}


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_file_of_another_format_is_refused_in_one_sentence(kind, tmp_path):
    for name, data in FOREIGN.items():
        if name == "empty" and kind.name in CHECKED:
            continue  # all defaults
        try:
            found = tried(kind, tmp_path / kind.name, data)
        except Exception as error:
            raise AssertionError(f"{kind.name}, {name}: {repr(error)[:500]}") from error
        assert isinstance(found, str), f"{kind.name}, {name}: taken as good"


@settings(max_examples=2000 if FULL else 150, deadline=None, derandomize=not FULL)
@given(
    st.one_of(
        st.text(max_size=60),
        st.from_regex(r"(lost|seed|silent|jump|flipped)=[0-9.e:,+-]{0,12}", fullmatch=True),
    )
)
def test_faults_on_the_command_line(text):
    try:
        faults.checked(faults.parse(text))
    except UserError as error:
        assert "\n" not in str(error)
