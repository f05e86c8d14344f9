"""Trigger primitives (TPs) as DUNE's software lays them out, versions 1 and 2, and the one form used in between.

Version 1 is a C++ struct of 56 bytes with native alignment; version 2 is three 64-bit words, from the lowest bit:
word 0 {version 8, flag 8, detid 8, channel 24, samples_over_threshold 16}, word 1 {time_start 64}, word 2
{samples_to_peak 16, adc_integral 32, adc_peak 16}.
Source: DUNE-DAQ/trgdataformats TriggerPrimitive.hpp (version 2: @90d351f9).

>>> TP_V1.itemsize, TP_V2.itemsize
(56, 24)
"""

from __future__ import annotations

import numpy as np

INVALID_CHANNEL = 0xFFFFFF  # of version 2

#: The bytes of version 1. Times are in 62.5 MHz counts, or samples, as the algorithm that made it has them.
TP_V1 = np.dtype(
    {
        "names": [
            "version",
            "time_start",
            "time_peak",
            "time_over_threshold",
            "channel",
            "adc_integral",
            "adc_peak",
            "detid",
            "type",
            "algorithm",
            "flag",
        ],
        "formats": ["<u2", "<u8", "<u8", "<u8", "<i4", "<u4", "<u2", "<u2", "<u4", "<u4", "<u2"],
        "offsets": [0, 8, 16, 24, 32, 36, 40, 42, 44, 48, 52],
        "itemsize": 56,
    }
)

#: The bytes of version 2: three words of bit fields.
TP_V2 = np.dtype([("word0", "<u8"), ("time_start", "<u8"), ("word2", "<u8")])

#: What algorithms give and take: fields by name, wide enough for both versions. Time in 62.5 MHz counts.
TP = np.dtype(
    [
        ("version", "<u2"),
        ("flag", "<u2"),
        ("detid", "<u2"),
        ("type", "<u2"),
        ("algorithm", "<u2"),
        ("adc_peak", "<u2"),
        ("channel", "<i4"),
        ("adc_integral", "<u4"),
        ("time_start", "<u8"),
        ("samples_over_threshold", "<u4"),
        ("samples_to_peak", "<u4"),
    ]
)
