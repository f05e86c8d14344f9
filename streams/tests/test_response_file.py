"""Field-response files of Wire-Cell: what is read, and every way in which one can be unusable."""

from __future__ import annotations

import bz2
import copy
import json
from pathlib import Path

import numpy as np
import pytest

from streams.config import ElectronicsConfig
from streams.detector import load_detector
from streams.errors import UserError
from streams.response.kernel import plane_kernel
from streams.response.wirecell import read

SHARED = Path(__file__).parents[3] / "shared/data/response"
HD = SHARED / "dune-garfield-1d565.json.bz2"


def made_up(wires=5, samples=20, period=99.999):
    """A response whose currents say where they are: wire o, i tenths before it: 100 o + i, times the plane."""
    planes = []
    for plane in range(3):
        paths = []
        for o in range(-(wires // 2), wires // 2 + 1):
            for i in range(6):
                elements = [-1e-3 * (plane + 1) * (100 * o + i)] * samples
                current = {"array": {"shape": [samples], "elements": elements}}
                path = {"current": current, "pitchpos": (-o - i / 10) * 4.71, "wirepos": 0.0}
                paths.append({"PathResponse": path})
        planes.append({"PlaneResponse": {"planeid": plane, "location": 0.0, "pitch": 4.71, "paths": paths}})
    return {
        "FieldResponse": {
            "planes": planes,
            "period": period,
            "origin": 100.0,
            "speed": 0.0016,
            "axis": [1, 0, 0],
        }
    }


@pytest.fixture(params=["json", "json.bz2"])
def written(request, tmp_path):
    def write(content):
        path = tmp_path / f"response.{request.param}"
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(bz2.compress(text) if request.param == "json.bz2" else text)
        return path

    return write


def test_every_path_is_at_its_place(written):
    response = read(written(made_up()))
    assert response.period_us == pytest.approx(0.099999)
    for plane, name in enumerate("UVX", start=1):
        current = response.current[name]
        assert current.shape == (10, 5, 20)
        for o in range(-2, 3):
            # Bin 4 lies 0 to 0.1 pitch before the wire, bin 0 next to the border; then the mirror image.
            assert current[:5, o + 2, 0] == pytest.approx(
                [plane * (100 * o + i) for i in (4.5, 3.5, 2.5, 1.5, 0.5)]
            )
            assert current[5:, 2 - o, 0] == pytest.approx(current[:5, o + 2, 0][::-1])


def change(path, value):
    def changed(content):
        place = content
        for step in path[:-1]:
            place = place[step]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        return content

    return changed


PLANE = ("FieldResponse", "planes", 1, "PlaneResponse")
PATH = (*PLANE, "paths", 3, "PathResponse")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (change(("FieldResponse", "period"), 500.0), "sampled every 500 ns, want 100 ns within 0.1 %"),
        (change(("FieldResponse", "period"), 100.2), "sampled every 100.2 ns, want 100 ns within 0.1 %"),
        (change(("FieldResponse", "period"), None), "missing required field `period`"),
        (change((*PLANE[:2], 2), None), r"no plane 2 \(X\), want 0, 1 and 2"),
        (change((*PLANE, "planeid"), 0), r"no plane 1 \(V\), want 0, 1 and 2"),
        (change((*PLANE, "paths", 3), None), "plane V: got 29 paths, want 6 for each of an odd number of wires"),
        (change((*PATH, "pitchpos"), 1000.0), "plane V: no path at .* pitches"),
        (change((*PLANE, "pitch"), 0.0), "plane V: got a pitch of 0 mm"),
        (change((*PATH, "current", "array", "elements"), [1.0]), r"plane V: got paths of \[1, 20\] samples"),
        (change((*PATH, "current", "array", "elements", 2), float("nan")), "it has NaN or Infinity"),
        (change((*PATH, "current", "array", "elements", 2), "1"), "Expected `float`, got `str`"),
        (lambda content: {"other": 1}, "missing required field `FieldResponse`"),
        (lambda content: json.dumps(content).encode()[:-100], "not Wire-Cell's JSON"),
        (lambda content: b"", "not Wire-Cell's JSON"),
        (lambda content: b"\xff\xfe\x00", "not Wire-Cell's JSON"),
    ],
)  # fmt: skip
def test_an_unusable_file_is_one_sentence(written, changed, said):
    path = written(changed(copy.deepcopy(made_up())))
    with pytest.raises(UserError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_truncated_packed_or_absent(tmp_path):
    packed = bz2.compress(json.dumps(made_up()).encode())
    path = tmp_path / "response.json.bz2"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(UserError, match="truncated after"):
        read(path)
    path.write_bytes(b"{}")
    with pytest.raises(UserError, match="no bz2 file"):
        read(path)
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read(tmp_path / "absent.json")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_a_file_that_changes_is_read_again(tmp_path):
    path = tmp_path / "response.json"
    for samples in (20, 30):
        path.write_text(json.dumps(made_up(samples=samples)))
        assert read(path).current["X"].shape[2] == samples


def test_peaks_of_the_published_file():
    if not HD.exists():
        pytest.skip(f"{HD} is absent")
    config = ElectronicsConfig(shaper="nominal", field_response=str(HD))
    detector = load_detector("fd1-hd-apa")
    # Reference section 9.6: peaks per ke- of the on-wire mean.
    for name, high, low in (("U", 5.9, -5.4), ("V", 5.6, -5.6), ("X", 21.4, 0.0)):
        kernel = plane_kernel(detector, name, config)
        mean = 1000 * kernel.table[:, kernel.reach].astype(np.float64).mean(axis=0)
        assert mean.max() == pytest.approx(high, rel=0.04)
        assert mean.min() == pytest.approx(low, rel=0.04, abs=0.01)
