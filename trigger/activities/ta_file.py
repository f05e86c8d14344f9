"""Files of TAs and TCs in DUNE's HDF5 layout: fragments ``Trigger_0x..._Trigger_Activity`` and ``..._Candidate``.

A batch of TPs from which something was made becomes one time slice, with the TAs of it in one fragment and the TCs in
another. Each fragment has our attribute ``crc32`` of its bytes, as in files of TPs.

>>> import tempfile
>>> from streams.daq.tp import TP
>>> from streams.daq.trigger_objects import TA
>>> made = Batch([Activity(np.zeros(1, TA)[0], np.zeros(3, TP))], [], 2)
>>> with tempfile.TemporaryDirectory() as folder:
...     write(Path(folder) / "tas.hdf5", [made], {})
...     [(len(ta.inputs)) for batch in read(Path(folder) / "tas.hdf5") for ta in batch.activities]
[3]
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from streams.daq import fragment, layout
from streams.daq import trigger_objects as objects
from streams.errors import UserError
from streams.files import records
from streams.files.disk import Bytes, OutputFile, new_bytes, whole_file
from streams.files.hdf5 import opened
from streams.files.tp_file import CHECK, fragment_payload
from trigger.activities.base import Activity, Candidate

TA_SOURCE, TC_SOURCE = (
    1000,
    2000,
)  # source ids: DUNE's trgtools adds 1000 to the TPs' (process_tpstream.cxx @e4b4aa8)
_TAS = records.Form(slices=True, kind=fragment.FRAGMENT_TAS, subsystem=fragment.SUBSYSTEM_TRIGGER)
_MAPS = ("source_id_path_map", "fragment_type_source_id_map", "subdetector_source_id_map")


class Batch(NamedTuple):
    """The TAs and TCs of some TPs; ``tp_version`` is how the TPs are written, 1 or 2."""

    activities: list[Activity]
    candidates: list[Candidate]
    tp_version: int


def write(path: Path, batches: Iterable[Batch], facts: dict[str, Any], run_number: int = 1) -> None:
    """Write a time slice for each batch that has TAs or TCs. The file is whole or absent.

    Raises
    ------
    ConfigError : the file or its manifest exists already, or the folder does not.
    UserError : the disk does not take it.
    """
    spans: list[fragment.Span] = []
    with whole_file(path, facts) as file:
        for batch in batches:
            if batch.activities:
                spans.append(_span(batch, len(spans) + 1, run_number))
                _write_slice(file, spans[-1], batch)
                file.check()
        begin = min((span.begin for span in spans), default=0)
        end = max((span.end for span in spans), default=0)
        of_run = layout.run_attributes(run_number, 0, begin, end, {})
        records.write_attributes(file, True, of_run, json.dumps(facts))


def _span(batch: Batch, number: int, run_number: int) -> fragment.Span:
    made = [one.data for one in batch.activities] + [one.data for one in batch.candidates]
    begin, end = min(int(one["time_start"]) for one in made), max(int(one["time_end"]) for one in made)
    return fragment.Span(number, begin, end, run_number)


def _write_slice(file: OutputFile, span: fragment.Span, batch: Batch) -> None:
    """Write a time slice with a fragment of TAs and, if there are any, one of TCs."""
    tas = b"".join(
        objects.encode_ta(np.array(ta.data), ta.inputs, batch.tp_version) for ta in batch.activities
    )
    made = records.new_record(file, _TAS, span, {TA_SOURCE: len(tas)})[TA_SOURCE]
    head = fragment.fragment_header(span, TA_SOURCE, len(tas), _TAS.kind, _TAS.subsystem)
    _fill(file, made, head + tas)
    if not batch.candidates:
        return
    tcs = b"".join(objects.encode_tc(np.array(tc.data), tc.inputs) for tc in batch.candidates)
    head = fragment.fragment_header(span, TC_SOURCE, len(tcs), fragment.FRAGMENT_TCS, _TAS.subsystem)
    record = file[made.name].parent.parent
    name = layout.fragment_name(TC_SOURCE, fragment.FRAGMENT_TCS, _TAS.subsystem)
    second = new_bytes(record["RawData"], name, len(head) + len(tcs))
    _fill(file, second, head + tcs)
    paths = {TC_SOURCE: second.name}
    added = layout.record_attributes(second.name, paths, fragment.FRAGMENT_TCS, _TAS.subsystem)
    for attribute in _MAPS:
        maps = json.loads(record.attrs[attribute]), json.loads(added[attribute])
        first = [one for one in maps[1]["map_entries"] if one.get("id", TC_SOURCE) == TC_SOURCE]
        record.attrs[attribute] = json.dumps(
            {"map_entries": maps[0]["map_entries"] + first}, separators=(",", ":"), sort_keys=True
        )


def _void(one: NDArray[np.void]) -> np.void:
    return cast(np.void, one[()])


def _fill(file: OutputFile, made: Bytes, raw: bytes) -> None:
    file.put(made.offset, raw)
    file[made.name].attrs[CHECK] = np.uint32(zlib.crc32(raw))


def read(path: Path) -> Iterator[Batch]:
    """Yield the TAs and TCs of each record that has any, in the order of records; of our files or DUNE's.

    Raises
    ------
    UserError : not a whole HDF5 file, no TAs or TCs in it, a fragment that is damaged, or objects of another version.
    """
    some = False
    with opened(path) as file:
        for name in sorted(name for name in file if name.startswith(records.RECORDS)):
            raw = file[name].get("RawData", {})
            found = Batch([], [], 0)
            for key in sorted(raw):
                where = f"{path}: {name}/RawData/{key}"
                if key.endswith("_Trigger_Activity"):
                    payload = fragment_payload(where, raw[key], fragment.FRAGMENT_TAS)
                    pairs = objects.decode_tas(payload, where)
                    found.activities.extend(Activity(_void(ta), tps) for ta, tps in pairs)
                elif key.endswith("_Trigger_Candidate"):
                    payload = fragment_payload(where, raw[key], fragment.FRAGMENT_TCS)
                    found.candidates.extend(
                        Candidate(_void(tc), tas) for tc, tas in objects.decode_tcs(payload, where)
                    )
            if found.activities or found.candidates:
                some = True
                versions = [int(tps["version"][0]) for _, tps in found.activities if len(tps)]
                yield found._replace(tp_version=versions[0] if versions else 0)
    if not some:
        raise UserError(
            f"{path}: got no TAs or TCs, want a dataset *_Trigger_Activity or *_Trigger_Candidate in a record"
        )
