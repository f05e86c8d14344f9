"""Rows on the trigger activities and candidates of a run: how many, how often, of how many TPs.

>>> spread([7, 20, 9])
'7 to 20, median 9'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from streams.console import duration, hz
from streams.daq import fragment, trigger_objects
from streams.files.hdf5 import opened
from streams.files.record_reading import record_number
from streams.files.tp_file import fragment_payload

if TYPE_CHECKING:
    from pathlib import Path

    from streams.files.catalogue import Catalogue

Decode = Callable[[bytes, str], Iterator[tuple[NDArray[np.void], NDArray[np.void]]]]
#: Kind of a fragment by the end of its name: its number, what is in it and in that, and what decodes it.
KINDS: dict[str, tuple[int, str, str, Decode]] = {
    "Trigger_Activity": (fragment.FRAGMENT_TAS, "TAs", "TPs in a TA", trigger_objects.decode_tas),
    "Trigger_Candidate": (fragment.FRAGMENT_TCS, "TCs", "TAs in a TC", trigger_objects.decode_tcs),
}
_CLOCK_HZ = 62.5e6  # of timestamps (reference section 1.4)


def object_rows(found: Catalogue) -> dict[str, object]:
    """Return names and values for a table; empty if a run has neither TAs nor TCs.

    Raises
    ------
    UserError : a fragment that is damaged, or objects of another version.
    """
    rows: dict[str, object] = {}
    for kind, (number, name, inputs, decode) in KINDS.items():
        paths = [file.path for file in found.files if kind in file.others]
        sizes, low, high = [], 1 << 63, 0
        for where, raw in (one for path in paths for one in _fragments(path, kind)):
            for data, of in decode(fragment_payload(where, raw, number), where):
                sizes.append(len(of))
                low, high = min(low, int(data["time_start"])), max(high, int(data["time_end"]))
        if paths:
            seconds = (high - low) / _CLOCK_HZ
            rate = f" in {duration(seconds)}: {hz(len(sizes) / seconds)}" if seconds > 0 else ""
            rows |= {name: f"{len(sizes)}{rate}", inputs: spread(sizes)}
    return rows


def _fragments(path: Path, kind: str) -> Iterator[tuple[str, Any]]:
    with opened(path) as file:
        for name in sorted(filter(record_number, file), key=lambda name: record_number(name) or ()):
            raw = file[name]["RawData"]
            yield from ((f"{path}: {name}: {key}", raw[key]) for key in sorted(raw) if key.endswith(kind))


def spread(values: list[int]) -> str:
    """Return the range of some numbers and their median in words."""
    return f"{min(values)} to {max(values)}, median {np.median(values):g}" if values else "-"
