"""A sample of background from TPs that are there: a file, or the files of a run, ours or DUNE's.

The study counts as background what it finds where no neutrino interacts, so TPs alone are enough for a rate; which hits
are an interaction's is truth, which TPs do not have: the efficiency cannot come from them.

>>> import tempfile
>>> from streams.files.tp_file import write_tps
>>> tps = np.zeros(4, TP)
>>> tps["channel"], tps["detid"] = [1600, 700, 1601, 4160], HD_TPC
>>> tps["time_start"], tps["version"] = [0, 32, 62_500_000, 64], 2
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "tps.h5"
...     _ = write_tps(path, [tps])
...     sample = read(path)
>>> sample.tps["channel"].tolist(), sample.seconds
([1600, 4160, 1601], 2.0)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streams.channel_map import N_CHANNELS, PLANE_FIRST
from streams.daq.tp import TP
from streams.errors import UserError
from streams.files.tp_file import read_records
from trigger.snb.sample import Sample

HD_TPC = 3  # DUNE-DAQ/detdataformats DetID.hpp @2201c1be
_UNSET = (0xFF, 0xFFFF)  # a detector that nobody set, versions 2 and 1
_CLOCK_HZ = 62.5e6  # of timestamps (reference section 1.4)


def read(source: Path) -> Sample:
    """Return the collection TPs of a source, in time order, by offline channel; none is of an interaction.

    The time of a record is that from its first TP to its last, so pauses between records do not count. Seconds are
    those of one assembly: with several they are added up.

    Raises
    ------
    UserError : a source that ``read_tps`` refuses, another detector, or no TPs of the collection plane.
    """
    found, seconds = [], 0.0
    for record in read_records(source):
        tps = np.concatenate(record)
        if not len(tps):
            continue
        others = np.setdiff1d(tps["detid"], (HD_TPC, *_UNSET))
        if len(others):
            raise UserError(
                f"{source}: got TPs of detector {others[0]}, want {HD_TPC}, the horizontal drift's: "
                "the collection channels of others are not known here"
            )
        seconds += float(tps["time_start"].max() - tps["time_start"].min()) / _CLOCK_HZ
        found.append(tps[tps["channel"] % N_CHANNELS >= PLANE_FIRST["X"]])
    joined = np.concatenate(found) if found else np.zeros(0, TP)
    if not len(joined) or not seconds:
        raise UserError(f"{source}: got {len(joined)} TPs of the collection plane, want two at least")
    joined = joined[np.argsort(joined["time_start"], kind="stable")]
    assemblies = len(np.unique(joined["channel"] // N_CHANNELS))
    return Sample(joined, np.full(len(joined), -1), 0, seconds * assemblies)
