"""SWIFT and Supernova: each of upstream's peculiarities alone; whole streams are in ``test_activities_clustering``."""

from __future__ import annotations

from typing import Any

import pytest

from streams.errors import ConfigError
from trigger.activities.base import Activity, configure, configure_candidates
from trigger.activities.rows import INVALID_CHANNEL, INVALID_TIME
from trigger.tests.clustering_cases import activity, made_of


def _channels(made: list[Activity]) -> list[list[int]]:
    return [ta.inputs["channel"].tolist() for ta in made]


# SWIFT


def _swift(integrals: list[int], channels: list[int], **settings: Any) -> list[Activity]:
    stream = made_of(time_start=[32_000] * len(integrals), channel=channels, adc_integral=integrals)
    stream["adc_peak"] = 100
    maker = configure("swift", settings)
    return maker(stream) + maker.process.flush()


@pytest.mark.parametrize(
    ("integrals", "made"),
    [([55_000], 1), ([54_999], 1), ([22_001, 1], 1), ([22_000, 1], 1), ([11_000, 11_000], 0), ([14_999], 0)],
)
def test_swift_thresholds(integrals: list[int], made: int) -> None:
    # a TP alone is no cluster, two on neighbouring channels are
    alone = len(integrals) == 1 and integrals[0] < 55_000
    assert len(_swift(integrals, [5, 6][: len(integrals)])) == (0 if alone else made)


@pytest.mark.parametrize(("cut", "made"), [(21_999, 1), (22_000, 0)])
def test_swift_the_strongest_cluster_needs_more_than_the_cut(cut: int, made: int) -> None:
    assert len(_swift([11_000, 11_000], [5, 6], cluster_energy_cut_sadc=cut)) == made


@pytest.mark.parametrize(("charge", "made"), [(7_500, 1), (7_499, 0)])
def test_swift_inspects_from_the_threshold_on(charge: int, made: int) -> None:
    assert len(_swift([7_500, charge], [5, 6], cluster_energy_cut_sadc=9_000)) == made


@pytest.mark.parametrize(("other", "made"), [(9, 1), (10, 0)])
def test_swift_neighbours_are_at_most_epsilon_away_in_cm(other: int, made: int) -> None:
    # 4 wires are 1.92 cm, 5 are 2.40 cm; numbers of channels alone count, also from plane to plane
    assert len(_swift([12_000, 12_000], [5, other])) == made


def test_swift_the_distance_itself_is_near() -> None:
    assert len(_swift([12_000, 12_000], [4, 8], wire_pitch=0.5)) == 1


def test_swift_the_clusters_do_not_add_up() -> None:
    assert len(_swift([12_000, 3_000, 12_000, 3_000], [5, 6, 50, 51])) == 0


def test_swift_accepts_below_the_threshold_of_inspection() -> None:
    settings = {"inspect_energy_threshold_sadc": 9000, "accept_energy_threshold_sadc": 3000}
    assert len(_swift([3000], [5], **settings)) == 1


def test_swift_cuts_tps_that_are_low_and_short_in_counts() -> None:
    stream = made_of(
        time_start=[0, 0, 0, 0],
        adc_peak=[79, 80, 79, 79],
        samples_over_threshold=[7, 1, 8, 255],  # 8 samples are the 256 counts
        adc_integral=[1, 20, 300, 55_000],
    )
    maker = configure("swift")
    assert maker(stream) == []
    (ta,) = maker.process.flush()
    assert (int(ta.data["adc_integral"]), maker.process.cut) == (55_320, 1)


def test_swift_windows_are_fixed_and_late_tps_are_counted() -> None:
    stream = made_of(time_start=[31_999, 32_000, 31_998, 95_999], adc_integral=60_000, channel=[1, 2, 3, 4])
    stream["adc_peak"] = 100
    maker = configure("swift")
    made = maker(stream) + maker.process.flush()
    assert _channels(made) == [[1], [2], [4]]
    assert [int(ta.data["time_start"]) for ta in made] == [0, 32_000, 64_000]
    assert [int(ta.data["time_end"]) for ta in made] == [32_000, 64_000, 96_000]
    assert maker.process.late == 1


def test_swift_keeps_the_peak_of_the_activity_before_if_there_is_none() -> None:
    stream = made_of(
        time_start=[0, 32_000, 64_000], adc_integral=60_000, channel=[1, 2, 3], adc_peak=[0, 9, 0]
    )
    stream["samples_over_threshold"], stream["samples_to_peak"] = 9, 1
    maker = configure("swift")
    made = maker(stream) + maker.process.flush()
    assert [int(ta.data["channel_peak"]) for ta in made] == [INVALID_CHANNEL, 2, 2]
    assert [int(ta.data["time_activity"]) for ta in made] == [INVALID_TIME, 32_032, 32_032]
    assert {int(ta.data["algorithm"]) for ta in made} == {0}


def test_swift_epsilon_is_a_whole_number() -> None:
    with pytest.raises(ConfigError, match="epsilon"):
        configure("swift", {"epsilon": 2.5})


# Supernova


@pytest.mark.parametrize(("gap", "channel", "made"), [(249, 9, 0), (250, 9, 1), (250, 6, 0), (250, 7, 1)])
def test_supernova_joins_what_is_near_in_time_or_in_channel(gap: int, channel: int, made: int) -> None:
    stream = made_of(time_start=[1000, 1000 + gap], channel=[5, channel])
    assert len(configure("supernova")(stream)) == made


def test_supernova_joins_what_ends_or_starts_inside() -> None:
    stream = made_of(
        time_start=[5000, 4000, 7000, 90_000, 89_000],
        channel=[5, 30, 60, 91, 55],
        samples_over_threshold=[100, 50, 1, 1, 1],
    )
    # the second ends inside, the third starts inside, the fourth is far, the last in the range of channels of nothing
    assert _channels(configure("supernova")(stream)) == [[5, 30, 60], [91]]


def test_supernova_a_ta_that_begins_at_0_gives_way() -> None:
    maker = configure("supernova")
    assert maker(made_of(time_start=[0, 10**6], channel=[5, 900])) == []
    assert _channels(maker.process.flush()) == [[900]]


def test_supernova_detectors_are_or_ed_and_time_activity_is_0() -> None:
    maker = configure("supernova")
    maker(
        made_of(
            time_start=[1000, 1000], channel=[5, 5], detid=[1, 6], adc_peak=[3, 3], samples_to_peak=[1, 2]
        )
    )
    (ta,) = maker.process.flush()
    assert (int(ta.data["detid"]), int(ta.data["time_activity"]), int(ta.data["time_peak"])) == (7, 0, 1032)


@pytest.mark.parametrize(("n_tps", "last", "made"), [(3, 500_000_001, 1), (3, 500_000_002, 0), (2, 4, 0)])
def test_supernova_candidates(n_tps: int, last: int, made: int) -> None:
    maker = configure_candidates("supernova")
    found = maker([activity(start, n_tps, time_end=start + 7, detid=4) for start in (1, 2, 3, last)])
    assert len(found) == made
    for tc in found:
        assert int(tc.data["time_start"]) == (last - 500_000_000) % 2**64
        assert (int(tc.data["time_end"]), int(tc.data["time_candidate"])) == (last + 7, last)
        assert (int(tc.data["detid"]), len(tc.inputs)) == (0xFFFE, 4)


def test_supernova_candidates_begin_anew() -> None:
    maker = configure_candidates("supernova")
    found = maker([activity(start, 3) for start in range(1, 10)])
    assert [tc.inputs["time_start"].tolist() for tc in found] == [[1, 2, 3, 4], [5, 6, 7, 8]]
