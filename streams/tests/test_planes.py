from __future__ import annotations

import bz2
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.detector import load_detector
from streams.errors import UserError
from streams.geometry import wires_file
from streams.geometry.planes import place_mm, plane_geometry, segments, wire_at

SHARED = Path(__file__).parents[3] / "shared/data/detector"
HD = SHARED / "protodunehd-wires-larsoft-v1.json.bz2"
HD_Y_MM, HD_Z_MM = 3068.05, 2.2825  # of this project's 0, in the file
FIRST = {"U": 0, "V": 800, "X": 1600}


@pytest.fixture(scope="module")
def published():
    if not HD.exists():
        pytest.skip(f"{HD} is absent")
    return wires_file.read(HD)


def ends(rows):
    return np.column_stack([rows[name] for name in ("y0", "z0", "y1", "z1")])


@pytest.mark.parametrize("anode", range(4))
@pytest.mark.parametrize("plane", "UVX")
def test_every_end_point_is_the_published_one(published, anode, plane):
    want = published[(published["anode"] == anode) & (published["plane"] == "UVX".index(plane))]
    want = np.sort(want, order=["channel", "segment"])
    found = segments(load_detector("fd1-hd-apa"), plane)
    assert len(want) == len(found) == {"U": 2296, "V": 2296, "X": 960}[plane]
    assert np.array_equal(want["channel"] - 2560 * anode - FIRST[plane], found["channel"])
    assert np.array_equal(want["segment"], found["segment"])
    assert np.array_equal(1 - want["face"], found["face"])  # our face 0 is the one of X channels 0 to 479
    shift = np.array([HD_Y_MM, HD_Z_MM + (2320.6 if anode > 1 else 0)] * 2)
    assert np.abs(ends(want) - shift - ends(found)).max() < 0.1  # mm; 1 mm is wanted


VD = SHARED / "dunevd10kt-1x6x6-3view30deg-wires-v1.json.bz2"


@pytest.mark.skipif(not VD.exists(), reason=f"{VD} is absent")
def test_every_end_point_of_the_vertical_drift_is_the_published_one():
    published, detector = wires_file.read(VD), load_detector("fd2-vd-bottom")
    assert len(published) == 36 * 900
    for anode in range(36):
        rows = published[published["anode"] == anode]
        shift = np.array([rows["y0"].min() + detector.height_mm / 2, rows["z1"].min()] * 2)
        for plane in "UVX":
            want = rows[rows["plane"] == "UVX".index(plane)]
            assert np.array_equal(
                want["channel"] - rows["channel"].min() - VD_FIRST[plane], np.arange(len(want))
            )
            found = ends(segments(detector, plane))
            assert np.abs(ends(want) - shift - found).max() < 0.1, (anode, plane)


VD_FIRST = {"U": 0, "V": 298, "X": 596}

#: plane, channel, y0, z0, y1, z1: re-typed from dunevd10kt-1x6x6-3view30deg-wires-v1 (anode 2, its coordinates).
VD_RETYPED = [
    ("U", 0, -1677.01, 12.335, -1672.77, 5.0),
    ("U", 297, -15.5277, 1491.56, 0.0, 1464.66),
    ("V", 0, -4.23475, 5.0, 0.0, 12.335),
    ("V", 297, -1677.01, 1464.66, -1661.48, 1491.56),
    ("X", 303, -1677.01, 1489.12, 0.0, 1489.12),
]


@pytest.mark.parametrize(("plane", "channel", "y0", "z0", "y1", "z1"), VD_RETYPED)
def test_some_end_points_of_the_vertical_drift(plane, channel, y0, z0, y1, z1):
    row = segments(load_detector("fd2-vd-bottom"), plane)[channel]
    shift = np.array([-838.505, 5.0] * 2)
    assert np.abs(ends(row[None])[0] - (np.array([y0, z0, y1, z1]) - shift)).max() < 0.1


#: plane, channel, segment, y0, z0, y1, z1: re-typed from protodunehd-wires-larsoft-v1 (anode 0, its coordinates).
RETYPED = [
    ("U", 0, 0, 6055.69, 2305.72, 6066.7, 2297.81),
    ("U", 400, 0, 6055.69, -1.0, 6066.7, 6.91577),
    ("U", 347, 2, 76.1, 8.45, 89.2494, -1.0),
    ("V", 747, 2, 76.1, 5.60916, 80.6344, 2.35),
    ("V", 400, 0, 6056.39, 2302.38, 6063.35, 2297.38),
    ("X", 480, 0, 76.1, 4.6035, 6060.0, 4.6035),
    ("X", 479, 0, 76.1, 2300.12, 6060.0, 2300.12),
]


@pytest.mark.parametrize(("plane", "channel", "segment", "y0", "z0", "y1", "z1"), RETYPED)
def test_some_end_points(plane, channel, segment, y0, z0, y1, z1):
    rows = segments(load_detector("fd1-hd-apa"), plane)
    row = ends(rows[(rows["channel"] == channel) & (rows["segment"] == segment)])
    assert np.abs(row - np.array([y0 - HD_Y_MM, z0 - HD_Z_MM, y1 - HD_Y_MM, z1 - HD_Z_MM])).max() < 0.1


@pytest.mark.parametrize("plane", "UV")
def test_wrapped_channels_have_two_or_three_segments(plane):
    rows = segments(load_detector("fd1-hd-apa"), plane)
    count = np.bincount(rows["channel"])
    assert (np.sum(count == 3), np.sum(count == 2)) == (696, 104)  # reference section 9.1.14
    length = np.bincount(rows["channel"], np.hypot(rows["y1"] - rows["y0"], rows["z1"] - rows["z0"]))
    assert 7370 < length.min() <= length.max() < 7401
    begins = rows[rows["segment"] == 0]
    assert np.array_equal(begins["face"], begins["channel"] // 400)
    assert np.all(np.diff(rows["face"])[np.diff(rows["channel"]) == 0] != 0)  # each segment on the other face


@pytest.mark.parametrize("plane", "UVX")
@pytest.mark.parametrize("face", [0, 1])
def test_a_place_belongs_to_the_nearest_published_wire(published, plane, face):
    rows = published[(published["anode"] == 0) & (published["plane"] == "UVX".index(plane))]
    rows = rows[rows["face"] == 1 - face]
    tail, head = ends(rows)[:, :2] - [HD_Y_MM, HD_Z_MM], ends(rows)[:, 2:] - [HD_Y_MM, HD_Z_MM]
    along = (head - tail) / np.hypot(*(head - tail).T)[:, None]
    detector = load_detector("fd1-hd-apa")
    geometry = plane_geometry(detector, plane)
    names = list(zip(rows["channel"].tolist(), rows["segment"].tolist(), strict=True))
    half = geometry.wires if plane == "X" else geometry.channels // 2
    rng = np.random.default_rng(face)
    compared = 0
    for y, z in rng.uniform([-2990, 4], [2990, 2296], (3000, 2)):
        away = np.array([y, z]) - tail
        distance = np.abs(away[:, 0] * along[:, 1] - away[:, 1] * along[:, 0])
        near = np.argsort(distance)[:2]
        wire = wire_at(geometry, face, y, z)
        if wire < 0:
            assert distance.min() > geometry.pitch_mm / 2 - 0.1
            continue
        allowed = near[:1] if distance[near[1]] - distance[near[0]] > 0.2 else near
        found = int(geometry.channel_of[face, wire]) + FIRST[plane], wire // half
        assert found in [names[i] for i in allowed]
        compared += len(allowed) == 1
    assert compared > 2500


@settings(max_examples=300, deadline=None)
@given(st.sampled_from("UVX"), st.integers(0, 1), st.floats(-3100, 3100), st.floats(-50, 2350))
def test_the_wire_is_at_most_half_a_pitch_away(plane, face, y, z):
    geometry = plane_geometry(load_detector("fd1-hd-apa"), plane)
    wire = wire_at(geometry, face, y, z)
    p = place_mm(geometry, face, y, z)
    inside = geometry.low_y <= y <= geometry.high_y and geometry.low_z <= z <= geometry.high_z
    if wire >= 0:
        assert inside
        assert abs(p - (wire + 0.5) * geometry.pitch_mm) <= geometry.pitch_mm / 2 + 1e-9
    else:
        assert not inside or not 0 <= p < geometry.wires * geometry.pitch_mm


@pytest.mark.parametrize("plane", "UV")
@pytest.mark.parametrize("face", [0, 1])
def test_no_wire_reaches_the_corner_where_they_begin_nor_the_opposite_one(plane, face):
    geometry = plane_geometry(load_detector("fd1-hd-apa"), plane)
    top, bottom, left, right = geometry.high_y, geometry.low_y, geometry.low_z, geometry.high_z
    begin, other = (left, right) if (plane == "V") == (face == 0) else (right, left)
    assert wire_at(geometry, face, top, begin) == wire_at(geometry, face, bottom, other) == -1
    first, last = {"U": (11.01, 13.15), "V": (6.96, 4.53)}[plane]  # along y, from the same file
    assert wire_at(geometry, face, top - first, begin) == 0
    assert wire_at(geometry, face, bottom + last, other) == geometry.wires - 1
    assert wire_at(geometry, face, top, other) in (399, 400, 401)
    assert wire_at(geometry, face, bottom, begin) in (745, 746, 747, 748)


def small_file():
    """Return a wires file with one wire on each of three planes."""
    points = [{"Point": {"x": 1.0, "y": 2.0 + i, "z": 3.0}} for i in range(6)]
    wires = [
        {"Wire": {"ident": i, "channel": 7 + i, "segment": 0, "tail": 2 * i, "head": 2 * i + 1}}
        for i in range(3)
    ]
    store = {
        "anodes": [{"Anode": {"ident": 4, "faces": [0]}}],
        "faces": [{"Face": {"ident": 1, "planes": [0, 1, 2]}}],
        "planes": [{"Plane": {"ident": i, "wires": [i]}} for i in range(3)],
        "wires": wires,
        "points": points,
    }
    return json.dumps({"Store": store}).encode()


@pytest.mark.parametrize("compress", [bytes, bz2.compress], ids=["json", "json.bz2"])
def test_wires_file_is_read(tmp_path, compress):
    path = tmp_path / "wires"
    path.write_bytes(compress(small_file()))
    rows = wires_file.read(path)
    assert rows["channel"].tolist() == [7, 8, 9]
    assert rows[["anode", "face", "plane", "wire", "segment"]][2].tolist() == (4, 1, 2, 0, 0)
    assert rows[["x0", "y0", "z0", "x1", "y1", "z1"]][2].tolist() == (1.0, 6.0, 3.0, 1.0, 7.0, 3.0)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (bz2.compress(small_file())[:100], "not a whole bzip2 file|not a Wire-Cell wires file"),
        (small_file()[:200], "not a Wire-Cell wires file"),
        (b'{"a": 1}', "not a Wire-Cell wires file"),
        (small_file().replace(b'"tail": 0', b'"tail": 99'), "not a Wire-Cell wires file"),
        (b'{"Store": {"anodes": [], "points": []}}', "no wires in it"),
    ],
    ids=["half bz2", "half json", "other", "no such point", "empty"],
)
def test_wires_files_that_cannot_be_used(tmp_path, data, sentence):
    path = tmp_path / "wires.json"
    path.write_bytes(data)
    with pytest.raises(UserError, match=f"wires.json: ({sentence})") as refused:
        wires_file.read(path)
    assert "\n" not in str(refused.value)
