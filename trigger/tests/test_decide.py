"""The decision: threshold, guard columns, order, settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streams.errors import UserError
from trigger.decide import decide
from trigger.frames import Frame
from trigger.settings import TriggerSettings, read, write

FRAME = Frame(np.zeros((64, 992), np.uint8), 512, 16384 + 7, 8, True, window=3, number=9)


def test_every_cell_at_or_over_threshold_on_a_real_channel_is_a_record() -> None:
    scores = np.full((16, 248, 1), 4)
    records = decide(FRAME, scores, 4)
    assert len(records) == 16 * 240
    assert [r.channel for r in records[:240]] == list(range(0, 960, 4))
    assert {(r.window, r.filled, r.number) for r in records} == {(3, True, 9)}
    assert [r.timestamp for r in records[::240]] == [16384 + 7 + row * 4 * 8 * 32 for row in range(16)]
    assert decide(FRAME, scores, 5) == []


def test_with_several_outputs_the_score_is_the_best_over_background() -> None:
    scores = np.zeros((16, 248, 3), np.int64)
    scores[1, 2] = (-5, 1, 1)
    scores[0, 247] = (-5, 9, 9)  # guard columns
    (record,) = decide(FRAME, scores, 6)
    assert (record.score, record.label, record.row, record.channel) == (6, 1, 1, 8)


def test_a_wide_cell_that_touches_a_real_channel_counts() -> None:
    scores = np.ones((16, 41, 1), np.int64)  # 24 columns: cell 20 covers columns 480 to 503
    assert [r.channel for r in decide(FRAME, scores, 1, (4, 24))][19:22] == [456, 480, 488]


def test_settings_round_trip_and_errors(tmp_path: Path) -> None:
    path = tmp_path / "trigger.json"
    write(TriggerSettings(threshold=-3), path)
    assert read(path) == TriggerSettings(threshold=-3)
    path.write_text('{"threshold": 1, "treshold": 2}')
    with pytest.raises(UserError, match="unknown field `treshold`"):
        read(path)
    with pytest.raises(UserError, match="cannot read trigger settings"):
        read(tmp_path / "none.json")
