"""TPs as upstream's structs have them, field by field: what a bit-for-bit comparison compares.

``streams.daq.tp.encode`` writes TP version 1 with all times in 62.5 MHz counts, as fdreadoutlibs does; tpglibs at
28e50e5 left the time over threshold in samples.

>>> from trigger.baselines.algorithms import make
>>> tps = np.zeros(1, TP)
>>> tps["samples_over_threshold"], tps["samples_to_peak"], tps["time_start"] = 3, 1, 320
>>> of = {name: as_upstream(make("simple_threshold", name), tps)[0] for name in ("tpglibs_v1", "fdreadoutlibs")}
>>> {name: (int(tp["time_over_threshold"]), int(tp["time_peak"])) for name, tp in of.items()}
{'tpglibs_v1': (3, 352), 'fdreadoutlibs': (96, 352)}
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.daq.tp import TP, TP_V1, TP_V2, encode
from trigger.baselines.chain import Chain


def as_upstream(chain: Chain, tps: NDArray[np.void]) -> NDArray[np.void]:
    """Return TPs of a chain as TP_V1 or TP_V2 records, as the code that the chain stands for leaves them."""
    assert tps.dtype == TP
    if chain.tp_version == 2:
        return np.frombuffer(encode(tps, 2), TP_V2)
    records = np.frombuffer(encode(tps, 1), TP_V1).copy()
    if chain.old:
        records["time_over_threshold"] = tps["samples_over_threshold"]
    return records
