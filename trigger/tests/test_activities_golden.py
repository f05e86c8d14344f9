"""TAs and TCs that DUNE's own compiled makers found in streams made from a seed, one by one and in order.

Made with DUNE-DAQ/triggeralgs @ab71739b and DUNE-DAQ/trgdataformats @d2b27018, GCC 12.2 -O2, automatic variables set to
0 (ChannelAdjacency adds to one that is not set). The numbers are those of TAs, of TCs and the CRC-32 of all lines that
``activities_streams.lines`` makes too. Planes of PlaneCoincidence there: 2560 channels, U 800, V 800, X 960.
"""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from trigger.tests.activities_streams import closing, lines, michel, stream

#: (algorithm, parameters of TAs, of TCs, {stream: (TAs, TCs, CRC-32)})
GOLDEN = [
    ("adc_simple_window", {}, {}, {"large": (1, 1, 945288852)}),
    (
        "adc_simple_window",
        {"window_length": 3000, "adc_threshold": 60000, "prescale": 3},
        {"prescale": 2},
        {"dense": (7, 3, 737882545), "ties": (7, 3, 3942681036), "mixed": (13, 6, 2210595255)},
    ),
    (
        "adc_simple_window",
        {"window_length": 32, "adc_threshold": 0, "max_time_over_threshold": 3200},
        {},
        {"dense": (656, 656, 963692671), "mixed": (699, 699, 1244503039)},
    ),
    ("adc_simple_window", {"window_length": 0, "adc_threshold": 0}, {}, {"mixed": (2397, 2397, 1592999163)}),
    (
        "channel_adjacency",
        {},
        {"trigger_on_adc": True},
        {"dense": (11, 0, 4264727749), "large": (2, 0, 773125656), "mixed": (4, 0, 2723346970)},
    ),
    (
        "channel_adjacency",
        {"adjacency_threshold": 5, "window_length": 2000},
        {"trigger_on_n_channels": True, "n_channels_threshold": 40},
        {
            "dense": (66, 9, 3068036213),
            "sparse": (7, 0, 3023047879),
            "ties": (111, 27, 4051575139),
            "mixed": (54, 7, 215667618),
        },
    ),
    (
        "channel_adjacency",
        {"adjacency_threshold": 2, "adjacency_tolerance": 0, "window_length": 4000},
        {
            "trigger_on_n_channels": True,
            "trigger_on_adc": True,
            "n_channels_threshold": 20,
            "adc_threshold": 30000,
        },
        {"dense": (201, 27, 263832941), "ties": (77, 30, 2895941985)},
    ),
    (
        "channel_adjacency",
        {"adjacency_threshold": 8, "adjacency_tolerance": 30, "window_length": 20000},
        {"trigger_on_adc": True, "window_length": 20000, "adc_threshold": 100000},
        {"sparse": (45, 0, 3865979180), "ties": (3, 0, 2424035457), "mixed": (51, 8, 1179235066)},
    ),
    (
        "horizontal_muon",
        {},
        {"trigger_on_adc": True},
        {"dense": (8, 2, 2465286257), "large": (1, 1, 3551675250), "mixed": (3, 0, 1634543693)},
    ),
    (
        "horizontal_muon",
        {"adjacency_threshold": 4, "window_length": 2000},
        {"trigger_on_n_channels": True, "n_channels_threshold": 40, "window_length": 9000},
        {
            "dense": (34, 34, 779262489),
            "sparse": (17, 0, 4105916880),
            "ties": (34, 29, 1770432078),
            "mixed": (49, 31, 2811221238),
        },
    ),
    (
        "horizontal_muon",
        {
            "trigger_on_adjacency": False,
            "trigger_on_n_channels": True,
            "n_channels_threshold": 30,
            "window_length": 3000,
        },
        {"trigger_on_adc": True, "adc_threshold": 400000, "window_length": 10000},
        {"dense": (23, 7, 3987136011), "mixed": (39, 1, 2390646244), "large": (47, 47, 4176897611)},
    ),
    (
        "horizontal_muon",
        {
            "trigger_on_adjacency": False,
            "trigger_on_adc": True,
            "adc_threshold": 100000,
            "window_length": 3000,
        },
        None,
        {"dense": (23, 0, 2912180344), "wrapping": (31, 0, 2273553804)},
    ),
    (
        "horizontal_muon",
        {"trigger_on_adjacency": False, "trigger_on_tot": True, "tot_threshold": 9000},
        None,
        {"sparse": (37, 0, 3465606625)},
    ),
    (
        "horizontal_muon",
        {
            "trigger_on_tot": True,
            "trigger_on_adc": True,
            "trigger_on_n_channels": True,
            "n_channels_threshold": 100,
            "adjacency_threshold": 20,
            "adc_threshold": 150000,
            "tot_threshold": 9500,
        },
        None,
        {"dense": (8, 0, 3330905035), "sparse": (10, 0, 1052726792)},
    ),
    ("plane_coincidence", {}, {}, {"large": (1, 1, 3071723576)}),
    (
        "plane_coincidence",
        {"adc_threshold": 20000, "adjacency_threshold": 3},
        {},
        {"sparse": (23, 23, 981071974), "large": (27, 27, 4020443530)},
    ),
    (
        "plane_coincidence",
        {"adc_threshold": 20000, "adjacency_threshold": 2, "adjacency_tolerance": 0, "window_length": 1000},
        {"trigger_on_adc": True, "adc_threshold": 100000, "window_length": 5000},
        {"large": (48, 16, 2419780522), "wrapping": (31, 11, 1955290880)},
    ),
    (
        "plane_coincidence",
        {"adc_threshold": 200000, "adjacency_threshold": 4, "window_length": 10000},
        {"trigger_on_adc": True, "adc_threshold": 30000, "window_length": 50000},
        {"large": (11, 2, 125644484), "sparse": (2, 1, 1735235513)},
    ),
    (
        "plane_coincidence",
        {"adc_threshold": 0, "adjacency_threshold": 1, "window_length": 60},
        {},
        {"sparse": (52, 52, 1014936905), "wrapping": (252, 252, 601201057)},
    ),
    ("prescale", {"prescale": 7}, {"prescale": 3}, {"dense": (342, 114, 528377027)}),
    ("prescale", {"max_time_over_threshold": 64}, {}, {"dense": (30, 30, 2496414651)}),
    ("bundle", {}, {}, {"ties": (2400, 2400, 1816356847)}),
    ("bundle", {"bundle_size": 7}, {"bundle_size": 3}, {"large": (342, 114, 1333225329)}),
    ("bundle", {"bundle_size": 0}, {"bundle_size": 0, "prescale": 9}, {"dense": (2400, 266, 374324022)}),
    ("bundle", {"bundle_size": 100}, {"prescale": 2}, {"wrapping": (24, 12, 983719458)}),
    (
        "channel_distance",
        {"min_tps": 4},
        {"max_tp_count": 100},
        {"dense": (6, 5, 685819892), "sparse": (30, 4, 1862610440), "mixed": (13, 9, 506276736)},
    ),
    (
        "channel_distance",
        {"min_tps": 4, "max_channel_distance": 20, "window_length": 3000},
        {"max_tp_count": 30},
        {"dense": (22, 20, 196677401), "ties": (12, 11, 97939882), "large": (26, 15, 4094737599)},
    ),
    (
        "channel_distance",
        {"min_tps": 0, "window_length": 0},
        {"max_tp_count": 2},
        {"ties": (139, 79, 2692605425)},
    ),
    (
        "channel_distance",
        {"min_tps": 10, "max_channel_distance": 300, "prescale": 2, "window_length": 30000},
        {},
        {"large": (1, 0, 67871563)},
    ),
]

#: What upstream does with each of 160 tracks: T a TA, X a crash, . nothing.
MICHEL = (
    "..TT.TTXT.TTX.XTXXT...T.TTT..XX.TT.XTX......X.T.TTTTT.T...T.X..XT.X.XXX....TXT.."
    "XXX.T....X..XX..T..T..X.XXT..X.T..XT.....T.TT..X..XT.T.TT.T.T.X.TTX.T.T...X....."
)
#: The tracks with a TA one after the other: (parameters of TAs, of TCs, TAs, TCs, CRC-32).
MICHEL_SERIES = [
    ({"adjacency_threshold": 10}, {}, 46, 46, 2767338950),
    (
        {"adjacency_threshold": 10},
        {"trigger_on_adc": True, "adc_threshold": 900000, "window_length": 130000},
        46,
        7,
        730298845,
    ),
    (
        {"adjacency_threshold": 10},
        {"trigger_on_n_channels": True, "n_channels_threshold": 35, "window_length": 70000},
        46,
        0,
        2503930503,
    ),
    (
        {"adjacency_threshold": 10, "prescale": 2},
        {"trigger_on_adc": True, "adc_threshold": 200000, "window_length": 60000},
        23,
        17,
        2615514383,
    ),
]


def _crc(text):
    return zlib.crc32("\n".join(text).encode())


@pytest.mark.parametrize(
    ("name", "parameters", "tc_parameters", "kind", "want"),
    [
        pytest.param(name, parameters, tc, kind, want, id=f"{name}-{number}-{kind}")
        for number, (name, parameters, tc, wants) in enumerate(GOLDEN)
        for kind, want in wants.items()
    ],
)
def test_tas_and_tcs_are_those_of_upstream(name, parameters, tc_parameters, kind, want):
    if name == "plane_coincidence":
        parameters = {**parameters, "channel_map_name": "FDHDChannelMap"}
    made, _ = lines(stream(kind), name, parameters, tc_parameters)
    tas = sum(line.startswith("A") for line in made)
    assert (tas, len(made) - tas, _crc(made)) == want


def test_michel_tracks_end_as_upstream():
    found = ""
    for seed in range(len(MICHEL)):
        made, maker = lines(
            closing(michel(seed)), "michel_electron", {"adjacency_threshold": 10}, None, pieces=2
        )
        found += "T" if made else "X" if maker.process.ended else "."
    assert found == MICHEL


@pytest.mark.parametrize(("parameters", "tc_parameters", "tas", "tcs", "crc"), MICHEL_SERIES)
def test_michel_tas_and_tcs_are_those_of_upstream(parameters, tc_parameters, tas, tcs, crc):
    good = [seed for seed, kind in enumerate(MICHEL) if kind == "T"]
    begins = [10**7 + 60_000 * n + (150_000 if n > 20 else 0) for n in range(len(good))]
    tps = closing(np.concatenate([michel(*one) for one in zip(good, begins, strict=True)]))
    made, _ = lines(tps, "michel_electron", parameters, tc_parameters)
    found = sum(line.startswith("A") for line in made)
    assert (found, len(made) - found, _crc(made)) == (tas, tcs, crc)
