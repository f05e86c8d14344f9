"""The cocotb suite of a network, from a folder copied elsewhere, with nothing of ours to import."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_tests.network_examples import examples
from firmware_tests.network_suites import write
from hls.bench import simulators
from hls.bench.errors import BenchError
from hls.bench.main import main

#: Runs at the start of every Python process: nothing of ours can be imported in it; each process leaves its number.
GUARD = """
import os, sys
class Guard:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in ("streams", "trigger", "hls", "firmware_tests", "msgspec", "numba"):
            raise ImportError(f"{name} is out of bounds here")
sys.meta_path.insert(0, Guard)
open(os.path.join(os.path.dirname(__file__), f"{os.getpid()}.seen"), "w").close()
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("firmware")
    write(examples()["narrow"].spec, folder)
    return folder


@pytest.fixture
def elsewhere(suite: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(suite, tmp_path / "elsewhere"))


def make(elsewhere: Path) -> subprocess.CompletedProcess[str]:
    """Run ``make`` in the suite's folder with a clean environment."""
    guard = elsewhere.parent / "guard"
    guard.mkdir(exist_ok=True)
    (guard / "sitecustomize.py").write_text(GUARD)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(guard), "PYTHON": sys.executable}
    banned = subprocess.run(
        [sys.executable, "-c", "import hls"], capture_output=True, text=True, env=env, check=False
    )
    assert "hls is out of bounds here" in banned.stderr
    command = ["make", "-C", str(elsewhere / "cocotb"), f"SIM={simulators.quickest()}"]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


@pytest.mark.rtl
def test_the_suite_passes_elsewhere_without_the_project(elsewhere: Path) -> None:
    done = make(elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert "narrow: all cases passed on" in done.stdout
    # The import that fails, run.py, and the simulator (under Icarus one more asks for the version of Python).
    assert len(list(elsewhere.parent.glob("guard/*.seen"))) >= 3
    log = next((elsewhere / "cocotb/build/sim").glob("*/suite.1/run.log")).read_text()
    assert "TESTS=6 PASS=6 FAIL=0 SKIP=0" in log


@pytest.mark.rtl
def test_a_fault_is_traced_to_its_layer(elsewhere: Path) -> None:
    kernel = elsewhere / "rtl" / "kernel1_pool2.sv"
    text = kernel.read_text()
    old = next(line for line in text.splitlines() if " ? " in line)
    left, right = old.rstrip(";").split(" ? ")[1].split(" : ")
    kernel.write_text(text.replace(old, old.replace(f"{left} : {right}", f"{right} : {left}")))
    done = make(elsewhere)
    assert done.returncode != 0
    told = done.stderr.splitlines()
    outputs = [line for line in told if "output quantize4 (m_axis): " in line]
    layers = [line for line in told if "it begins in layer pool2 (layer1_pool2): " in line]
    assert len(outputs) == len(layers) == 6  # every case
    assert "numbers differ: frame 0, row 0, column" in layers[0] and layers[0].count("want") == 5


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("rtl/net_window.sv", "net_window.sv, which network.f names: no such file"),
        ("rtl/network.f", "network.f: no such file"),
        ("cocotb/suite.json", "suite.json: No such file or directory: copy the whole folder again"),
        ("cocotb/vectors.npz", "vectors.npz: No such file or directory: copy the whole folder again"),
    ],
)
def test_a_missing_file_is_named(
    elsewhere: Path,
    missing: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(elsewhere)
    (elsewhere / missing).unlink()
    assert main(elsewhere / "cocotb", ["icarus"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1 and sentence in told


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}', '{"version": 9}'])
def test_a_damaged_file_is_one_sentence(
    elsewhere: Path, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(elsewhere)
    (elsewhere / "cocotb/suite.json").write_text(text)
    assert main(elsewhere / "cocotb", ["icarus"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "suite.json" in told and "convert the model again" in told


def fake(folder: Path, name: str, says: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("simulator", "says", "sentence"),
    [
        (
            "verilator",
            "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)",
            r"Verilator 5\.006 .* is too old .* want 5\.036",
        ),
        ("verilator", "nothing", r"--version tells no version, but 'nothing'"),
        (
            "icarus",
            "Icarus Verilog version 10.3 (stable) ()",
            r"Icarus Verilog 10\.3 .* is too old: want 11\.0",
        ),
        ("questa", "", r"simulator 'questa' is not known: use verilator or icarus"),
    ],
)
def test_a_simulator_of_a_wrong_version_is_one_sentence(
    elsewhere: Path,
    simulator: str,
    says: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tools = elsewhere.parent / "tools"
    tools.mkdir()
    for name in ("verilator", "iverilog", "vvp", "g++", "make", "perl"):
        fake(tools, name, says)
    monkeypatch.setattr(simulators, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.chdir(elsewhere)
    assert main(elsewhere / "cocotb", [simulator]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert re.search(sentence, told)


def test_with_no_simulator_both_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(simulators, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        BenchError, match=r"Icarus Verilog is missing .*; Verilator is missing: install it with"
    ):
        simulators.usable(large=False)
