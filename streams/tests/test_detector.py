from __future__ import annotations

from importlib.resources import files

import msgspec
import numpy as np
import pytest

from streams.detector import active_faces, detector_of, load_detector, per_10kt, presets
from streams.errors import ConfigError
from streams.geometry.consistency import fault
from streams.geometry.groups import groups
from streams.geometry.planes import plane_geometry, segments, wire_at

HD = "fd1-hd-apa"


def test_there_are_two_presets():
    assert {HD, "fd2-vd-bottom"} <= set(presets())


@pytest.mark.parametrize("name", presets())
def test_planes_of_every_preset_fit_together(name):
    detector = load_detector(name)
    assert list(detector.planes) == ["U", "V", "X"]
    found = groups(detector)
    for plane, shape in detector.planes.items():
        geometry, pieces = plane_geometry(detector, plane), segments(detector, plane)
        assert geometry.channel_of.shape == (detector.faces, shape.wires)
        assert set(geometry.channel_of.ravel().tolist()) == set(range(shape.channels))
        assert len(pieces) == detector.faces * shape.wires
        assert len(found[plane].femb) == shape.channels
        assert found[plane].femb.max() == detector.fembs - 1
        middle = (pieces["y0"] + pieces["y1"]) / 2, (pieces["z0"] + pieces["z1"]) / 2
        for piece, y, z in zip(pieces[::37], *(m[::37] for m in middle), strict=True):
            assert wire_at(geometry, piece["face"], y, z) == piece["wire"]
            assert geometry.channel_of[piece["face"], piece["wire"]] == piece["channel"]
        for name_y, name_z in (("y0", "z0"), ("y1", "z1")):
            on_y = np.isclose(pieces[name_y][:, None], shape.y_mm).any(axis=1)
            on_z = np.isclose(pieces[name_z][:, None], shape.z_mm).any(axis=1)
            assert np.all(on_y | on_z)  # every piece goes from side to side
        assert np.all(pieces["y0"] < pieces["y1"])
    collection = plane_geometry(detector, "X")
    for channel in (0, 1, collection.wires - 1):
        z = (channel + 0.5) * detector.planes["X"].pitch_mm
        assert [wire_at(collection, face, 0.0, z) for face in range(detector.faces)] == [
            channel
        ] * detector.faces


@pytest.mark.parametrize("name", presets())
@pytest.mark.parametrize("plane", "UVX")
def test_a_step_of_one_pitch_is_the_next_wire(name, plane):
    detector = load_detector(name)
    geometry = plane_geometry(detector, plane)
    rng = np.random.default_rng(1)
    stepped = 0
    for y, z in rng.uniform([-0.45, 0.05], [0.45, 0.95], (500, 2)) * [detector.height_mm, detector.length_mm]:
        for face in range(detector.faces):
            here = wire_at(geometry, face, y, z)
            step = geometry.pitch_mm * np.array([geometry.normal_y[face], geometry.normal_z[face]])
            if 0 <= here < geometry.wires - 1:
                assert wire_at(geometry, face, *(np.array([y, z]) + step)) in (here + 1, -1)
                assert np.isclose(np.hypot(*step), geometry.pitch_mm)
                stepped += 1
    assert stepped > 450


@pytest.mark.parametrize("name", presets())
def test_rates_are_per_active_face(name):
    detector = load_detector(name)
    for position in detector.positions:
        faces = active_faces(detector, position)
        assert per_10kt(detector, position) * len(faces) == detector.faces_per_10kt
    with pytest.raises(ConfigError, match="position: got 'roof', allowed are central, "):
        active_faces(detector, "roof")


def test_numbers_of_the_horizontal_drift():
    detector = load_detector(HD)
    volume = detector.faces * detector.drift_mm * detector.height_mm * detector.length_mm * 1e-9
    assert round(volume, 1) == 99.4  # m3, reference section 9.4
    assert detector.faces_per_10kt == 200  # reference section 9.1.1
    counted = [p for p in detector.positions.values() if p.count]
    assert sum(p.count for p in counted) == 150
    assert sum(p.count for p in counted if p.active_faces == (0,)) == 100
    assert per_10kt(detector, "central") == 100
    assert per_10kt(detector, "outer") == 200


def test_a_deposit_outside_the_wires_has_none():
    geometry = plane_geometry(load_detector(HD), "X")
    assert wire_at(geometry, 0, 2995.0, 1000.0) == -1  # the active box is 8 mm higher than the wires
    assert wire_at(geometry, 0, 2991.0, 1000.0) == 208
    assert wire_at(geometry, 1, 0.0, -0.1) == wire_at(geometry, 1, 0.0, 2300.2) == -1


def preset_text():
    return (files("streams.presets") / f"{HD}.toml").read_text()


def test_a_path_works_like_a_name(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(preset_text().replace("drift_mm = 3600.0", "drift_mm = 3500.0"))
    mine = load_detector(str(path))
    assert mine == msgspec.structs.replace(load_detector(HD), drift_mm=3500.0)
    path.write_text(preset_text())
    assert load_detector(str(path)) == load_detector(HD)  # not the one of before


DAMAGE = {
    "missing plane": (("[planes.V]", "[planes.W]"), "planes.V: the plane is missing"),
    "extra plane": (("[planes.U]", "[planes.W]\n[planes.U]"), "planes.W: Object missing required field"),
    "channels of X": (
        ("channels = 960\nwires", "channels = 900\nwires"),
        "planes.X.channels: got 900, want 960",
    ),
    "channels of U": (
        ("channels = 800", "channels = 700"),
        "planes.U.channels: got 700, want about 802: one per pitch_mm, 5.75 mm",
    ),
    "too many wires": (
        ("wires = 1148 ", "wires = 1160 "),
        "planes.U.wires: got 1160 at pitch_mm 4.669, first_mm 6.429, want 1149 or 1 to 2 less",
    ),
    "too few wires": (
        ("wires = 1148 ", "wires = 1100 "),
        "planes.U.wires: got 1100 at pitch_mm 4.669, first_mm 6.429, want 1149 or 1 to 2 less",
    ),
    "far too few wires": (("wires = 1148 ", "wires = 300 "), "planes.U.wires: got 300, want at least 400"),
    "corner of X": (
        ('corner = "bottom left"', 'corner = "top right"'),
        "planes.X.corner: got 'top right', want",
    ),
    "negative count": (("count = 46", "count = -46"), "positions.top_outer.count: got -46, want 0 or more"),
    "unknown key": (("pitch_mm = 4.669", "pich_mm = 4.669"), "planes.U: Object .* `pich_mm`"),
    "missing key": (("drift_mm = 3600.0", ""), "Object missing required field `drift_mm`"),
    "type": (("pitch_mm = 4.669", 'pitch_mm = "4.669"'), "planes.U.pitch_mm: Expected `float`, got `str`"),
    "kind": (('kind = "wrapped"', 'kind = "bent"'), "planes.U.kind: Invalid enum value 'bent'"),
    "one face": (
        ("faces = 2", "faces = 1"),
        "planes.U.kind: got wrapped, want straight: the detector has 1 face",
    ),
    "three faces": (("faces = 2", "faces = 3"), "faces: got 3, want 1 or 2"),
    "tick": (("tick_ns = 512.0", "tick_ns = 500.0"), "tick_ns: got 500, want 512"),
    "number of the detector": (("det_id = 3 ", "det_id = 64 "), "det_id: got 64, want 0 to 63"),
    "negative pitch": (
        ("pitch_mm = 4.669", "pitch_mm = -4.669"),
        "planes.U.pitch_mm: got -4.669, want more than 0",
    ),
    "wrong unit": (
        ("y_mm = [-2991.95, 2998.65]", "y_mm = [-299.2, 299.9]"),
        "planes.U.y_mm: got -299.2 to 299.9",
    ),
    "not a number": (("drift_mm = 3600.0", "drift_mm = nan"), "drift_mm: got nan, want a finite number"),
    "infinite": (("first_mm = 6.429", "first_mm = inf"), "planes.U.first_mm: got inf, want a finite number"),
    "angle": (
        ("angle_deg = 35.707", "angle_deg = 120.0"),
        "planes.U.angle_deg: got 120.0, want 0 to less than 90",
    ),
    "wire length": (
        ("wire_length_mm = 5984.0", "wire_length_mm = 5.984"),
        "planes.X.wire_length_mm: got 5.984, want 5983",
    ),
    "tilted X": (("angle_deg = 0.0", "angle_deg = 0.1"), "planes.X"),
    "length": (("length_mm = 2300.16", "length_mm = 2304.0"), "length_mm: got 2304, want 2300.16"),
    "pedestal": (
        ("pedestal_adc = 9402.0", "pedestal_adc = 16384.0"),
        "pedestal_adc: got 16384, want less than 16384",
    ),
    "face of a position": (
        ("active_faces = [0, 1] }", "active_faces = [0, 2] }"),
        "positions.central.active_faces: got",
    ),
    "no face": (("active_faces = [0, 1] }", "active_faces = [] }"), "positions.central.active_faces: got"),
    "external": (
        ('["outer_wall"]', '["roof"]'),
        "positions.outer.external: got .'roof'., want some of top, bottom",
    ),
    "no central": (("central =", "inner ="), "positions.central: is missing"),
    "type of a position": (("count = 23", 'count = "x"'), "positions.top.count: Expected `int`, got `str`"),
    "count": (("count = 46", "count = 45"), "faces_per_10kt: got 200, want 199"),
    "map": (("fembs = 20", "fembs = 10"), "channel_map: got 'pd2hd', want 'even'"),
    "fembs": (("fembs = 20", "fembs = 0"), "fembs: got 0, want more than 0"),
    "adc": (("adc_bits = 14", "adc_bits = 16"), "adc_bits: got 16, want 8 to 14"),
    "no noise": (("[noise.V]", "[noise.W]"), "noise.V: the plane is missing"),
    "key of noise": (("rms_adc = 13.85", "rms = 13.85"), "noise.U: Object .* `rms`"),
    "negative noise": (
        ("rms_adc = 13.85", "rms_adc = -13.85"),
        "noise.U.rms_adc: got -13.85, want 0 or more",
    ),
    "coherent": (
        ("rms_adc = 13.85", "rms_adc = 1.0"),
        "noise.U.coherent_adc: got 2.8, want at most rms_adc, 1",
    ),
    "no taps": (("taps = [0.4473", "taps = []\n# "), "noise.U.taps: got .., want a filter"),
    "gain": (
        ("gain_mv_per_fc = ", "gain_mv_per_fc = -"),
        "electronics.gain_mv_per_fc: got -14.0, want more than 0",
    ),
    "not TOML": (("faces = 2", "faces = = 2"), "Invalid"),
    "planes is a number": (
        ("[planes.U]", "[planes]\nU = 3\n[other]"),
        "planes.U: Expected `object`, got `int`",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_presets_are_refused(tmp_path, damage):
    (old, new), sentence = DAMAGE[damage]
    assert old in preset_text()
    path = tmp_path / "mine.toml"
    path.write_text(preset_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match=f"mine.toml: .*{sentence}") as refused:
        load_detector(str(path))
    assert "\n" not in str(refused.value)


def test_planes_in_another_order_are_refused():
    detector = load_detector(HD)
    turned = {plane: detector.planes[plane] for plane in "XUV"}
    assert (
        fault(msgspec.structs.replace(detector, planes=turned))
        == "planes: got X, U, V, want U, V, X in this order"
    )


def test_more_chips_than_channels_are_refused():
    sentence = fault(msgspec.structs.replace(load_detector(HD), channel_map="even", asics_per_femb=100))
    assert sentence == "fembs: got 20 with 100 ASICs, more than a plane has channels"


def places(table, way=()):
    """Yield the way to every value in nested tables."""
    for key, value in table.items():
        yield (*way, key)
        if isinstance(value, dict):
            yield from places(value, (*way, key))


ABSENT = object()
VALUES = ["x", "", True, -1, 0, 0.5, 10**12, float("nan"), float("inf"), [], [1, 2], {}, {"x": 1}, ABSENT]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: "absent" if value is ABSENT else repr(value))
def test_any_value_anywhere_is_used_or_refused_in_one_sentence(value):
    refused = 0
    ways = list(places(msgspec.toml.decode(preset_text())))
    for *way, last in ways:
        raw = msgspec.toml.decode(preset_text())
        table = raw
        for key in way:
            table = table[key]
        if value is ABSENT:
            del table[last]
        else:
            table[last] = value
        try:
            detector_of("mine", raw)
        except ConfigError as error:
            assert str(error).startswith("detector preset mine: ")
            assert "\n" not in str(error)
            # a number may not fit another one, a class of places may lack in the sum, and names of sources are free
            free = isinstance(value, int | float) or way in (["positions"], ["activity_bq"])
            assert free or last in str(error)
            refused += 1
    assert refused > len(ways) / 4


@pytest.mark.parametrize("data", [b"\xff\xfe", b"", b"faces"])
def test_files_that_are_no_presets_are_refused(tmp_path, data):
    path = tmp_path / "mine.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"mine.toml: "):
        load_detector(str(path))


def test_no_such_preset():
    with pytest.raises(
        ConfigError, match="no preset 'fd9', allowed are fd1-hd-apa, fd2-vd-bottom, or the path"
    ):
        load_detector("fd9")
    with pytest.raises(ConfigError, match=r"cannot read preset no/such\.toml: No such file"):
        load_detector("no/such.toml")
