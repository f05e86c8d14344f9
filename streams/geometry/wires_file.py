"""Read a Wire-Cell wires file (JSON, also compressed with bzip2): the end points of every wire, to compare and to plot.

>>> read(Path("no-such-file.json"))
Traceback (most recent call last):
streams.errors.UserError: no-such-file.json: cannot read: No such file or directory
"""

from __future__ import annotations

import bz2
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.errors import UserError

#: One straight piece of a wire. Places in mm; (y0, z0) is the end that the file calls its tail; ``wire`` is the
#: wire's place in its plane's list, ``channel`` as numbered in the file.
WIRE_DTYPE = np.dtype(
    [(name, "i4") for name in ("anode", "face", "plane", "wire", "channel", "segment")]
    + [(name, "f8") for name in ("x0", "y0", "z0", "x1", "y1", "z1")]
)


def read(path: Path) -> NDArray[np.void]:
    """Return the wires of all anodes, faces and planes (0, 1, 2 = U, V, X): (n,) of ``WIRE_DTYPE``, in file order.

    Raises
    ------
    UserError : the file is absent, damaged, or not a wires file.
    """
    try:
        data = path.read_bytes()
        store = json.loads(bz2.decompress(data) if data[:3] == b"BZh" else data)["Store"]
        rows = _rows(store)
    except OSError as error:
        reason = error.strerror or "not a whole bzip2 file: fetch it again"
        raise UserError(f"{path}: cannot read: {reason}") from error
    except (ValueError, KeyError, IndexError, TypeError, EOFError, OverflowError, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__} {error}".split())[:80]
        message = f"{path}: not a Wire-Cell wires file ({reason}): want JSON with Store.anodes, faces, planes, wires"
        raise UserError(message) from error
    if not rows:
        raise UserError(f"{path}: no wires in it: want a file with at least one anode")
    return np.array(rows, WIRE_DTYPE)


def _rows(store: dict[str, Any]) -> list[tuple[float, ...]]:
    """Follow the file's references from the anodes down to the points."""
    points = [tuple(float(p["Point"][axis]) for axis in "xyz") for p in store["points"]]
    rows: list[tuple[float, ...]] = []
    for anode in (item["Anode"] for item in store["anodes"]):
        for face in (store["faces"][i]["Face"] for i in anode["faces"]):
            for number, plane in enumerate(store["planes"][i]["Plane"] for i in face["planes"]):
                for place, wire in enumerate(store["wires"][i]["Wire"] for i in plane["wires"]):
                    names = (anode["ident"], face["ident"], number, place, wire["channel"], wire["segment"])
                    rows.append((*names, *points[wire["tail"]], *points[wire["head"]]))
    return rows
