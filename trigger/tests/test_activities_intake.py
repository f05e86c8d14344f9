"""TPs on their way to a maker at the limits: just in time, odd, of no known detector, beside a channel map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from streams.cli import app
from streams.errors import UserError
from streams.files.tp_file import write_tps
from trigger.activities.intake import Intake
from trigger.activities.planes import check_map
from trigger.tests.clustering_cases import made_of


def test_a_tp_as_late_as_the_last_one_of_the_batch_before_is_in_time() -> None:
    intake = Intake()
    intake([made_of(time_start=[10, 20])])
    assert intake([made_of(time_start=[19, 20, 21])])["time_start"].tolist() == [20, 21]
    assert (intake.counts.tardy, intake.counts.first, intake.counts.last) == (1, 10, 21)


def test_a_batch_whose_tps_are_all_tardy_changes_nothing_for_the_next() -> None:
    intake = Intake()
    intake([made_of(time_start=[2, 4])])
    assert len(intake([made_of(time_start=[1])])) == 0
    assert intake([made_of(time_start=[3, 4])])["time_start"].tolist() == [4]
    assert (intake.counts.tardy, intake.counts.used) == (2, 3)


def test_both_invalid_channels_and_only_zero_lengths_are_counted() -> None:
    intake = Intake()
    channels = [2**31 - 1, 0xFFFFFF, 0xFFFFFE, 7]  # of version 1, of version 2, two that are none
    intake([made_of(time_start=[1, 2, 3, 4], channel=channels, samples_over_threshold=[0, 1, 2, 3])])
    assert (intake.counts.no_channel, intake.counts.zero_length) == (2, 1)


def test_tps_of_another_detector_are_not_used_and_not_looked_at() -> None:
    intake = Intake(detid=3)
    got = intake([made_of(time_start=[1, 2, 9], detid=[3, 4, 4], channel=[7, 0xFFFFFF, 7])])
    assert got["time_start"].tolist() == [1]
    counts = intake.counts
    assert (counts.tps, counts.other, counts.used, counts.no_channel, counts.zero_length) == (3, 2, 1, 0, 1)
    assert intake([made_of(time_start=[5], detid=[3])])["time_start"].tolist() == [5]  # 9 was another's


def test_a_detector_without_tps_is_one_sentence_and_no_file(tmp_path: Path) -> None:
    path, output = tmp_path / "tps.h5", tmp_path / "tas.h5"
    write_tps(path, [made_of(time_start=[1, 2, 3], detid=[11, 10, 11], version=2)])
    chosen = ["activities", str(path), "-a", "prescale", "-o", str(output), "--detector"]
    error = CliRunner().invoke(app, [*chosen, "12"]).exception
    assert isinstance(error, UserError)
    assert str(error) == f"{path}: got TPs of detector 10, 11, want 12: choose another one with --detector"
    assert not output.exists()
    assert CliRunner().invoke(app, [*chosen, "10"]).exit_code == 0


@pytest.mark.parametrize(
    ("detid", "passes"), [(0, True), (0xFF, True), (0xFFFF, True), (3, True), (10, False)]
)
def test_a_map_takes_its_detector_and_tps_that_name_none(detid: int, passes: bool) -> None:
    tps = made_of(time_start=[1, 2], detid=[3, detid])
    if passes:
        check_map("FDHDChannelMap", tps, "here")
        return
    with pytest.raises(UserError, match="here: got TPs of detector 10, want 3 for the map FDHDChannelMap"):
        check_map("FDHDChannelMap", tps, "here")


def _on(*channels: int) -> NDArray[np.void]:
    return made_of(channel=list(channels))


def test_a_map_needs_one_channel_that_it_knows_unless_there_is_none_at_all() -> None:
    check_map("PD2HDChannelMap", _on(10_239, 10_240), "here")
    check_map("PD2HDChannelMap", _on(0xFFFFFF), "here")
    check_map("PD2HDChannelMap", _on(), "here")
    with pytest.raises(UserError, match="got channels 10240 to 10241, want 0 to 10239"):
        check_map("PD2HDChannelMap", _on(10_240, 10_241, 0xFFFFFF), "here")


def test_the_command_closes_the_last_window_if_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "tps.h5"
    write_tps(path, [made_of(time_start=[1000, 1032], adc_integral=[50, 60], version=2, detid=3)])
    chosen = ["activities", str(path), "-a", "adc_simple_window", "-s", "adc_threshold=100"]
    shown = [CliRunner().invoke(app, [*chosen, *more]).output for more in ([], ["--flush"])]
    assert ["2 to 2, median 2" in text for text in shown] == [False, True]
