"""Refuse a detector whose numbers do not fit each other: the first fault, as one sentence with its key.

>>> from streams.detector import load_detector
>>> import msgspec
>>> detector = load_detector("fd1-hd-apa")
>>> fault(detector) is None
True
>>> fault(msgspec.structs.replace(detector, drift_mm=-1.0))
'drift_mm: got -1.0, want more than 0'
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from streams.block import TICK_NS
from streams.geometry.planes import segments

if TYPE_CHECKING:
    from streams.detector import Detector, Plane

PLANES = ("U", "V", "X")
EXTERNAL = ("top", "bottom", "end", "outer_wall")  # planes outside the module's argon (reference section 9.5)
_POSITIVE = (
    *("faces", "drift_mm", "height_mm", "length_mm", "tick_ns", "faces_per_10kt", "fembs", "asics_per_femb"),
    *(f"electronics.{key}" for key in ("gain_mv_per_fc", "peaking_us", "uv_per_adc", "measured_scale")),
    *("drift.velocity_mm_per_us", "drift.field_kv_per_cm", "drift.density_g_per_cm3", "drift.w_ion_ev"),
    *(
        f"planes.{plane}.{key}"
        for plane in PLANES
        for key in ("channels", "wires", "pitch_mm", "wire_length_mm")
    ),
)
_NOT_NEGATIVE = (
    *(
        "electronics.gain_spread",
        "drift.longitudinal_cm2_per_s",
        "drift.transverse_cm2_per_s",
        "drift.box_alpha",
        "drift.box_beta",
    ),
    *(
        f"planes.{plane}.{key}"
        for plane in PLANES
        for key in ("first_mm", "distance_mm", "pedestal_adc", "pedestal_spread_adc")
    ),
    *(f"noise.{plane}.{key}" for plane in PLANES for key in ("rms_adc", "open_share", "coherent_adc")),
)


def fault(detector: Detector) -> str | None:
    """Return what is wrong with ``detector``, or None."""
    return next(_faults(detector), None)


def _faults(detector: Detector) -> Iterator[str]:
    """Yield every fault; the later ones take for granted that there was none before."""
    yield from _plane_names(detector)
    yield from _not_finite(msgspec.to_builtins(detector), "")
    for keys, lowest, allowed in ((_POSITIVE, 0.0, "more than 0"), (_NOT_NEGATIVE, -1e-300, "0 or more")):
        for key in keys:
            value: Any = detector
            for name in key.split("."):
                value = value[name] if isinstance(value, dict) else getattr(value, name)
            if not value > lowest:
                yield f"{key}: got {value}, want {allowed}"
    if detector.faces > 2:
        yield f"faces: got {detector.faces}, want 1 or 2"
    if not 8 <= detector.adc_bits <= 14:
        yield f"adc_bits: got {detector.adc_bits}, want 8 to 14: samples in the data have 14 bits"
    if not math.isclose(detector.tick_ns, TICK_NS):
        yield f"tick_ns: got {detector.tick_ns:g}, want {TICK_NS:g}: 32 ticks of the 62.5 MHz clock of the data"
    if not 0 <= detector.det_id <= 63:
        yield f"det_id: got {detector.det_id}, want 0 to 63"
    for name, plane in detector.planes.items():
        for sentence in _plane_faults(detector, name, plane):
            yield f"planes.{name}.{sentence}"
    yield from _collection_faults(detector)
    yield from _position_faults(detector)
    yield from _noise_faults(detector)
    yield from _map_faults(detector)


def _plane_names(detector: Detector) -> Iterator[str]:
    """Yield what is wrong with the list of planes."""
    for key, planes in (("planes", detector.planes), ("noise", detector.noise)):
        for name in PLANES:
            if name not in planes:
                yield f"{key}.{name}: the plane is missing, want [{key}.U], [{key}.V] and [{key}.X]"
        if tuple(planes) != PLANES:
            yield f"{key}: got {', '.join(planes)}, want U, V, X in this order"


def _not_finite(value: Any, key: str) -> Iterator[str]:
    """Yield the keys whose number is infinite or not a number."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _not_finite(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _not_finite(inner, key)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{key}: got {value}, want a finite number"


def _plane_faults(detector: Detector, name: str, plane: Plane) -> Iterator[str]:
    """Yield what is wrong with one plane, without its name."""
    if not 0 <= plane.angle_deg < 90:
        yield f"angle_deg: got {plane.angle_deg}, want 0 to less than 90 degrees"
    for key, low, high, size in (
        ("y_mm", *plane.y_mm, (-detector.height_mm / 2, detector.height_mm / 2)),
        ("z_mm", *plane.z_mm, (0.0, detector.length_mm)),
    ):
        allowed = 0.05 * (size[1] - size[0])
        if abs(low - size[0]) > allowed or abs(high - size[1]) > allowed:
            yield f"{key}: got {low:g} to {high:g}, want {size[0]:g} to {size[1]:g} mm (the detector) within 5 %"
    yield from _count_faults(detector, plane)
    room = _room(plane)
    need = plane.first_mm + (plane.wires - 1) * plane.pitch_mm
    if not need <= room < need + 3 * plane.pitch_mm:
        most = max(int((room - plane.first_mm) // plane.pitch_mm) + 1, 0)
        got = f"{plane.wires} at pitch_mm {plane.pitch_mm:g}, first_mm {plane.first_mm:g}"
        yield f"wires: got {got}, want {most} or 1 to 2 less: so many fit in y_mm and z_mm"
    if plane.pedestal_adc >= 2**detector.adc_bits:
        yield f"pedestal_adc: got {plane.pedestal_adc:g}, want less than {2**detector.adc_bits} (adc_bits)"
    pieces = segments(detector, name)
    longest = np.bincount(
        pieces["channel"], np.hypot(pieces["y1"] - pieces["y0"], pieces["z1"] - pieces["z0"])
    ).max()
    if abs(plane.wire_length_mm - longest) > 0.01 * longest:
        yield f"wire_length_mm: got {plane.wire_length_mm:g}, want {longest:.1f} within 1 %: the longest channel"


def _room(plane: Plane) -> float:
    """Return the extent of the rectangle at right angles to the wires [mm]."""
    angle = math.radians(plane.angle_deg)
    width, height = plane.z_mm[1] - plane.z_mm[0], plane.y_mm[1] - plane.y_mm[0]
    return width * math.cos(angle) + height * math.sin(angle)


def _count_faults(detector: Detector, plane: Plane) -> Iterator[str]:
    """Yield a number of channels that does not fit the wires."""
    if plane.kind == "straight":
        want = detector.faces * plane.wires
        if plane.channels != want:
            yield f"channels: got {plane.channels}, want {want}: {plane.wires} wires on each of {detector.faces} faces"
        return
    if detector.faces != 2:
        yield f"kind: got wrapped, want straight: the detector has {detector.faces} face"
    step = plane.pitch_mm / math.cos(math.radians(plane.angle_deg))
    boards = (plane.z_mm[1] - plane.z_mm[0]) / step
    if plane.channels % 2 or abs(plane.channels / 2 - boards) > 2:
        about = f"about {2 * int(boards)}: one per pitch_mm, {step:.2f} mm along z, on both faces"
        yield f"channels: got {plane.channels}, want {about}"
    if plane.wires < plane.channels // 2:
        yield f"wires: got {plane.wires}, want at least {plane.channels // 2}, half of the channels"


def _collection_faults(detector: Detector) -> Iterator[str]:
    """Yield what a collection plane cannot be: X is straight, along y, and z / pitch is its wire."""
    plane = detector.planes["X"]
    for key, got, want in (
        ("kind", plane.kind, "straight"),
        ("angle_deg", plane.angle_deg, 0.0),
        ("distance_mm", plane.distance_mm, 0.0),
        ("first_mm", plane.first_mm, plane.pitch_mm / 2),
    ):
        if got != want and not (isinstance(got, float) and math.isclose(got, float(want), abs_tol=1e-6)):
            yield f"planes.X.{key}: got {got}, want {want}: X is the collection plane, its wires along y"
    if not plane.corner.endswith("left"):
        yield f"planes.X.corner: got {plane.corner!r}, want 'bottom left': collection wires are counted along z"
    if abs(plane.z_mm[0]) > 0.01 or abs(plane.wires * plane.pitch_mm - detector.length_mm) > 0.01:
        want_mm = f"{plane.wires * plane.pitch_mm:g}"
        yield f"length_mm: got {detector.length_mm:g}, want {want_mm}: collection wires times pitch, with z_mm from 0"


def _position_faults(detector: Detector) -> Iterator[str]:
    """Yield what is wrong with the classes of places."""
    if "central" not in detector.positions:
        yield "positions.central: is missing: it is the class that a simulation takes if it is not told another"
    for name, position in detector.positions.items():
        faces = position.active_faces
        if not faces or sorted(set(faces)) != list(faces) or not set(faces) <= set(range(detector.faces)):
            allowed = " or ".join(str(face) for face in range(detector.faces))
            yield f"positions.{name}.active_faces: got {list(faces)}, want one or more of the faces {allowed}, in order"
        unknown = [plane for plane in position.external if plane not in EXTERNAL]
        if unknown or len(set(position.external)) != len(position.external):
            yield f"positions.{name}.external: got {list(position.external)}, want some of {', '.join(EXTERNAL)}, once"
        if position.count < 0:
            yield f"positions.{name}.count: got {position.count}, want 0 or more"
    active = sum(p.count * len(p.active_faces) for p in detector.positions.values())
    if active not in (0, detector.faces_per_10kt):
        yield f"faces_per_10kt: got {detector.faces_per_10kt}, want {active}: active_faces times count of positions"


def _noise_faults(detector: Detector) -> Iterator[str]:
    """Yield noise that cannot be."""
    for name, noise in detector.noise.items():
        if noise.coherent_adc > noise.rms_adc:
            yield f"noise.{name}.coherent_adc: got {noise.coherent_adc:g}, want at most rms_adc, {noise.rms_adc:g}"
        if not any(noise.taps):
            yield f"noise.{name}.taps: got {list(noise.taps)}, want a filter with at least one tap that is not 0"


def _map_faults(detector: Detector) -> Iterator[str]:
    """Yield a channel map that is not for this detector."""
    from streams import channel_map

    counts = {name: plane.channels for name, plane in detector.planes.items()}
    boards = (detector.fembs, detector.asics_per_femb)
    if detector.channel_map == "pd2hd" and (counts, boards) != (channel_map.PLANE_CHANNELS, (20, 8)):
        yield "channel_map: got 'pd2hd', want 'even': that map is for 800 + 800 + 960 channels, 20 FEMBs with 8 ASICs"
    if detector.fembs * detector.asics_per_femb > min(counts.values()):
        yield f"fembs: got {detector.fembs} with {detector.asics_per_femb} ASICs, more than a plane has channels"
