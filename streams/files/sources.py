"""Which stream a source of a DUNE-DAQ file holds: the file's map of geographical ids, and what the frames say.

Both may be damaged, or the map may be absent: the map holds unless no frame agrees with it and several agree on
another stream. A geographical id is stream << 48 | slot << 32 | crate << 16 | detector (DUNE-DAQ/hdf5libs
HDF5SourceIDHandler; detchannelmaps).

>>> votes = Sources('{"map_entries":[{"subsys":1,"id":100,"geoids":[281474976776195]}]}')
>>> votes.place(("Detector_Readout", 100))
Place(crate=1, slot=0, stream_id=1)
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from streams.daq import wibeth
from streams.files.record_reading import Fragment, Source

SUBSYSTEMS = {1: "Detector_Readout", 2: "HW_Signals_Interface", 3: "Trigger", 4: "TR_Builder"}
_WITHOUT_SEQ = ~(0xFFF << wibeth.FIELDS["seq_id"][1]) & (2**64 - 1)
_TRUSTED = 2  # frames that must agree against the map


class Place(NamedTuple):
    """Where a stream comes from."""

    crate: int
    slot: int
    stream_id: int


def field_of(word0: int, name: str) -> int:
    """Return a field of word 0 of a frame.

    >>> field_of(wibeth.header_word(3, 64, 7), "crate_id")
    7
    """
    _, low, width = wibeth.FIELDS[name]
    return word0 >> low & ((1 << width) - 1)


class Sources:
    """What is known about the sources of a file; raises ``ValueError`` for a map that is not JSON of that form."""

    def __init__(self, geo_map: str = "") -> None:
        self.words: dict[Source, Counter[int]] = {}
        self.mapped: dict[Source, Place] = {}
        self._known: dict[Source, Place | None] = {}
        for entry in json.loads(geo_map)["map_entries"] if geo_map else ():
            source = (SUBSYSTEMS.get(int(entry["subsys"]), ""), int(entry["id"]))
            places = [Place(*(int(geo) >> low & 0xFFFF for low in (16, 32, 48))) for geo in entry["geoids"]]
            if (
                len(places) == 1
            ):  # else one source has several streams, and only its frames tell which is which
                self.mapped[source] = places[0]

    def add(self, source: Source, words: Iterable[int]) -> None:
        """Count what the first words of frames say, sequence numbers apart."""
        counts = self.words.setdefault(source, Counter())
        for word in words:
            counts[word & _WITHOUT_SEQ] += 1
        self._known.pop(source, None)

    def add_new(self, fragments: Iterable[Fragment]) -> None:
        """Count the first words of fragments whose source is not known yet."""
        for part in fragments:
            if part.source not in self.words:
                self.add(part.source, part.words)

    def place(self, source: Source) -> Place | None:
        """Return the stream of a source; None if nothing is known."""
        if source not in self._known:
            self._known[source] = self._decide(source)
        return self._known[source]

    def _decide(self, source: Source) -> Place | None:
        said = self.words.get(source, Counter()).most_common()
        seen = [(self._place(word), count) for word, count in said]
        mapped = self.mapped.get(source)
        if mapped and (not seen or seen[0][1] < _TRUSTED or mapped in [place for place, _ in seen]):
            return mapped
        return seen[0][0] if seen else None

    def word0(self, crate: int) -> int:
        """Return word 0 of the frames of a crate, as most say, with 0 for slot, stream and sequence number."""
        apart = sum(
            ((1 << wibeth.FIELDS[name][2]) - 1) << wibeth.FIELDS[name][1] for name in ("slot_id", "stream_id")
        )
        found: Counter[int] = Counter()
        for source, words in self.words.items():
            place = self.place(source)
            if place and place.crate == crate:
                for word, count in words.items():
                    found[word & ~apart] += count
        return found.most_common(1)[0][0] if found else wibeth.header_word(0, 0, crate)

    @staticmethod
    def _place(word0: int) -> Place:
        return Place(*(field_of(word0, name) for name in ("crate_id", "slot_id", "stream_id")))
