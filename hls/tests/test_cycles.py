"""The cycle model against clocks that can be counted by hand; equality with the RTL is in firmware_tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hls import cycles
from hls.blocks import cut
from hls.needed_pixels import needed_pixels
from hls.netlist import Netlist
from streams.errors import UserError
from trigger.network_spec import Conv2D, Format, Input, MaxPool2D, NetworkSpec

PIXEL = Format(signed=False, width=4, fraction=0)
SUM = Format(signed=True, width=12, fraction=0)
#: Registers that every beat passes besides the arithmetic: guard, window (2), FIFO, tail.
SHELLS = 5


def conv(size: int, rows: int, columns: int) -> NetworkSpec:
    pad = size // 2
    layer = Conv2D(
        name="conv",
        input_shape=(rows, columns, 1),
        output_shape=(rows, columns, 1),
        output=SUM,
        kernel=(size, size),
        stride=(1, 1),
        padding=(pad, pad, pad, pad),
        weight=Format(signed=True, width=4, fraction=0),
        weights=[1] * (size * size),
        bias=[0],
    )
    return NetworkSpec(name="conv", inputs=(Input(shape=(rows, columns, 1), number=PIXEL),), layers=[layer])


def staged(spec: NetworkSpec, stages: int, **kernels: str) -> Netlist:
    """Return the netlist with another number of registers in its only block's arithmetic."""
    netlist = cut(spec, kernels)
    return replace(netlist, blocks=tuple(replace(block, stages=stages) for block in netlist.blocks))


def test_one_convolution_counted_by_hand() -> None:
    timing = cycles.timing(staged(conv(3, 8, 9), 4))
    # The first cell needs pixel (1, 1) and nothing behind it. A cell of the last row needs the next row's beat below
    # its right neighbour: a row and a pixel later than the pixel that it depends on.
    assert timing.latency_first_clk == {"m_axis": SHELLS + 4}
    assert timing.latency_clk == {"m_axis": SHELLS + 4 + 9 + 1}
    assert timing.clocks_per_frame == 8 * 9


def test_last_frame_is_flushed_without_a_next_one() -> None:
    run = cycles.run(staged(conv(3, 8, 9), 4), frames=1)
    assert run.taken["s_axis"].tolist() == list(range(72))
    given = run.given["m_axis"]
    assert given[-1] == run.clocks - 1 == 71 + SHELLS + 4 + 9 + 1
    assert (np.diff(given) == 1).all()


def test_sequential_kernel_takes_a_window_per_number() -> None:
    assert cycles.timing(cut(conv(3, 8, 9), {"conv": "mac"})).clocks_per_frame == 9 * 8 * 9


def test_skipping_the_clocks_in_which_nothing_happens_changes_nothing() -> None:
    always = {"m_axis": np.ones(60_000, np.bool_)}  # a trace is followed clock by clock
    for stages in (0, 3):
        netlist = staged(conv(5, 8, 9), stages, conv="mac")
        quick = cycles.run(netlist, frames=3)
        slow = cycles.run(netlist, frames=3, ready=always)
        assert slow.given["m_axis"][-1] > 3 * 72 * 25
        np.testing.assert_array_equal(quick.taken["s_axis"], slow.taken["s_axis"])
        np.testing.assert_array_equal(quick.given["m_axis"], slow.given["m_axis"])


def test_stalled_output_stops_the_input_and_nothing_is_lost() -> None:
    run = cycles.run(staged(conv(3, 8, 9), 4), frames=2, ready={"m_axis": np.zeros(500, np.bool_)})
    given = run.given["m_axis"]
    assert given[0] == 500 and (np.diff(given) >= 1).all()
    # What fits inside: 1 in the tail, 2 in the FIFO, 4 in the pipeline, 1 in the window, and 1 in the guard, beyond
    # the 10 pixels that precede the first window, and one that the window already holds.
    assert (run.taken["s_axis"] < 500).sum() == 1 + 2 + 4 + 1 + 1 + 10 + 1
    assert [(edge.kind, words) for edge, words in run.occupancy.items()] == [("wire", 0), ("fifo", 2)]


def test_a_beat_that_was_offered_stays_offered() -> None:
    netlist = staged(conv(3, 8, 9), 4)
    valid = np.zeros(400, np.bool_)
    valid[[0, 100]] = True
    run = cycles.run(netlist, frames=1, valid={"s_axis": valid})
    assert run.taken["s_axis"][:4].tolist() == [0, 100, 400, 401]
    held = cycles.run(netlist, frames=2, valid={"s_axis": valid}, ready={"m_axis": np.zeros(900, np.bool_)})
    assert held.taken["s_axis"][20] >= 900  # the 21st was offered all the time


def test_last_pixel_follows_windows_strides_and_padding() -> None:
    pool = MaxPool2D(
        name="pool",
        input_shape=(8, 9, 1),
        output_shape=(4, 4, 1),
        output=SUM,
        pool=(2, 2),
        stride=(2, 2),
        padding=(0, 0, 0, 0),
    )
    spec = NetworkSpec(
        name="two", inputs=(Input(shape=(8, 9, 1), number=PIXEL),), layers=[*conv(3, 8, 9).layers, pool]
    )
    needed = needed_pixels(cut(spec))["m_axis"]["s_axis"].reshape(4, 4)
    assert needed[0].tolist() == [2 * 9 + column for column in (2, 4, 6, 8)]
    assert needed[3, 0] == 7 * 9 + 2  # the row below the last is padding
    assert needed[3, 3] == 71


def test_too_many_clocks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycles, "MAX_CLOCKS", 50)
    with pytest.raises(UserError, match="stands still after 31 of 72 output beats"):
        cycles.run(staged(conv(3, 8, 9), 4), frames=1)
