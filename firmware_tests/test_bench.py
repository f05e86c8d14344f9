"""The bench itself: a checker that cannot fail is a defect."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from firmware_tests.chain_bulk import write_stimulus
from firmware_tests.simulation import simulate
from firmware_tests.test_front_end import SMALL, SOURCES
from hls.bench import bulk
from hls.bench.errors import BenchError
from hls.bench.runner import Design, build, file_list
from hls.bench.scoreboard import Scoreboard
from trigger.beats import pack_block

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")


def test_scoreboard_fails_on_a_wrong_a_missing_an_extra_beat_and_on_none() -> None:
    board = Scoreboard("x")
    board.expect(1, 2)
    with pytest.raises(AssertionError, match="x: beat 0: got 3, want 1"):
        board.saw(3)
    with pytest.raises(AssertionError, match="x: 1 expected beats never came"):
        board.finish(at_least=0)
    board.saw(2)
    with pytest.raises(AssertionError, match="x: beat 1: got 2, but nothing was expected"):
        board.saw(2)
    with pytest.raises(AssertionError, match="x: only 1 beats compared, 2 wanted"):
        board.finish(at_least=2)


def test_stimulus_file_holds_the_beats_of_the_reference(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    adc = [rng.integers(0, 1 << 14, (64, 24)).astype(np.uint16) for _ in range(2)]
    assert write_stimulus(tmp_path / "s.hex", [(adc[0], False), (adc[1], True)]) == 2 * 192
    lines = [int(line, 16) for line in (tmp_path / "s.hex").read_text().split()]
    assert [line & ((1 << 112) - 1) for line in lines] == pack_block(adc[0]) + pack_block(adc[1])
    assert {k: line >> 112 for k, line in enumerate(lines) if line >> 112} == {191: 0x01, 383: 0x11}


def test_beats_and_outputs_are_read_back(tmp_path: Path) -> None:
    (tmp_path / "cells.hex").write_text("0000000a0f8\n0000000b301\n")
    beats = bulk.read_beats(tmp_path / "cells.hex")
    assert (beats.clock.tolist(), beats.last.tolist(), beats.user.tolist()) == (
        [10, 11],
        [False, True],
        [0, 1],
    )
    assert bulk.unpack(beats.data, 2, 4, signed=True).tolist() == [[-8, -1], [1, 0]]
    assert bulk.unpack(beats.data, 2, 4, signed=False).tolist() == [[8, 15], [1, 0]]


@pytest.mark.rtl
@needs_icarus
def test_what_does_not_build_is_an_error_with_the_log(tmp_path: Path) -> None:
    (tmp_path / "broken.sv").write_text("module broken; wire;\nendmodule\n")
    with pytest.raises(RuntimeError, match=r"broken does not build[^$]*syntax error"):
        build(Design("broken", [tmp_path / "broken.sv"], {}, "icarus"))


@pytest.mark.rtl
@needs_icarus
def test_a_module_without_cases_and_an_illegal_parameter_are_failures() -> None:
    with pytest.raises(AssertionError, match=r"0 of 0 cases failed|ended early"):
        simulate(
            "front_end", "trigger.beats", sources=SOURCES, parameters=SMALL, tag="none", simulator="icarus"
        )
    illegal = {**SMALL, "FaceChannels": 12}
    cases = "firmware_tests.front_end_cases"
    with pytest.raises(AssertionError, match="FaceChannels = 12, GuardColumns = 8, want multiples of 8"):
        simulate("front_end", cases, sources=SOURCES, parameters=illegal, tag="illegal", simulator="icarus")


def test_file_lists_are_relative_to_themselves_and_name_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.f").write_text("x.sv // first\n# none\n\ny.sv\n")
    (tmp_path / "x.sv").touch()
    with pytest.raises(
        BenchError, match=r"y\.sv, which a\.f names: no such file: copy the whole folder again"
    ):
        file_list(tmp_path / "a.f")
    (tmp_path / "y.sv").touch()
    assert file_list(tmp_path / "a.f") == [tmp_path / "x.sv", tmp_path / "y.sv"]


def test_verilator_in_a_folder_with_a_space_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a b").mkdir()
    monkeypatch.chdir(tmp_path / "a b")
    (tmp_path / "a b" / "m.v").write_text("module m; endmodule\n")
    with pytest.raises(BenchError, match=r"Verilator cannot build in .*a b.*: use Icarus"):
        build(Design("m", ["m.v"], simulator="verilator"))
