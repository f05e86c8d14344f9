from __future__ import annotations

import json
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest

from streams import cli, replay
from streams.inspection.look import look
from streams.tests.made_up import write

CONFIG = "seed = 5\nwindows = 2\nwindow_blocks = 2\n"


def lartrig(monkeypatch, capsys, *words):
    """Run the command as a shell would; return exit code, stdout, stderr."""
    monkeypatch.setattr(sys, "argv", ["lartrig", *map(str, words)])
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = stop.code or 0
    out = capsys.readouterr()
    return code, out.out, out.err


def test_simulate_then_inspect(monkeypatch, capsys, tmp_path):
    config, run = tmp_path / "run.toml", tmp_path / "run.h5"
    config.write_text(CONFIG)
    code, out, err = lartrig(monkeypatch, capsys, "simulate", config, "-o", run)
    assert (code, "4 blocks of 64 ticks" in out) == (0, True), out + err
    manifest = json.loads((tmp_path / "run.h5.manifest.json").read_text())
    assert manifest["seed"] == 5 and manifest["config"]["window_blocks"] == 2
    assert set(manifest["output"]) == {"run.h5"} and len(manifest["output"]["run.h5"]) == 64
    code, out, err = lartrig(monkeypatch, capsys, "inspect", run)
    assert code == 0, err
    for text in (
        "2 of 128 ticks",
        "40 (crate 1)",
        "960 channels",
        "0.131 ms",
        "8.79 GB/s",
    ):
        assert text in out, text
    assert re.search(r"integrity +│ good", out)
    code, _, err = lartrig(monkeypatch, capsys, "simulate", config, "-o", run)
    assert code == 2 and "exists already" in err and err.count("\n") == 1


def test_a_run_is_what_the_simulation_streams(tmp_path):
    from itertools import islice

    from streams.config import SimulationConfig
    from streams.files.writer import write_run
    from streams.simulate import stream

    config = SimulationConfig(seed=5, windows=2, window_blocks=2)
    paths = [tmp_path / name for name in ("a.h5", "b.h5")]
    for path in paths:
        write_run(config, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    for got, want in zip(replay.blocks(paths[0]), islice(stream(config), 4), strict=True):
        assert (got.first_tick, got.timestamp) == (want.first_tick, want.timestamp)
        for name in ("adc", "events", "charge"):
            assert np.array_equal(getattr(got, name), getattr(want, name)), name


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sed = 1", "unknown field `sed`"),
        ('detector = "fd2-vd-bottom"\nmodel = "v3.6-vd"', "got detector fd2-vd-bottom with {'U': 298"),
        ('planes = ["X"]', "planes: got X, a file holds all of U, V, X: leave planes out"),
        ("channels = 900", "Object contains unknown field `channels`"),
        ("windows = 'a'", "windows"),
    ],
)
def test_a_bad_config_is_exit_code_2_and_one_sentence(monkeypatch, capsys, tmp_path, text, sentence):
    config = tmp_path / "run.toml"
    config.write_text(text)
    code, _, err = lartrig(monkeypatch, capsys, "simulate", config, "-o", tmp_path / "run.h5")
    assert code == 2 and sentence in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [config]


def test_inspect_of_damage_is_exit_code_1(monkeypatch, capsys, tmp_path):
    run = write(tmp_path / "run.h5")
    with h5py.File(run, "a") as file:
        data = file["TriggerRecord000001.0000/RawData/Detector_Readout_0x00000064_WIBEth"]
        data[72 + 7200 * 3 : 72 + 7200 * 4] = data[72 + 7200 * 2 : 72 + 7200 * 3]
    code, out, err = lartrig(monkeypatch, capsys, "inspect", run)
    assert code == 1 and "FAILED" in out
    assert err.splitlines()[-1].startswith(f"error: {run}: TriggerRecord000001.0000: stream 0")


def test_inspect_counts_what_is_there(tmp_path):
    found = look(write(tmp_path / "run.h5"))
    assert found.fault is None and found.frames == 2 * 5 * 40
    blocks = list(replay.blocks(tmp_path / "run.h5"))
    assert sum(found.events.values()) == sum(len(block.events) for block in blocks) > 0
    every = [np.concatenate([b.induction["U"], b.induction["V"], b.adc], axis=1) for b in blocks]
    samples, sums = np.concatenate(every), found.crates[0].sums
    assert sums.pedestal() == pytest.approx(samples.mean(axis=0), rel=1e-12)
    assert sums.rms() == pytest.approx(samples.std(axis=0), rel=1e-9)


def test_inspect_loads_no_tensorflow_and_nothing_downstream(tmp_path):
    run = write(tmp_path / "run.h5", 1, 1)
    code = (
        "import sys; from streams import cli\n"
        f"sys.argv = ['lartrig', 'inspect', {str(run)!r}]\n"
        "try: cli.main()\n"
        "except SystemExit as stop: assert not stop.code\n"
        "import streams.files.writer, streams.simulate\n"
        "heavy = {'tensorflow', 'tf_keras', 'keras', 'qkeras', 'hls4ml', 'alkaid', 'cocotb', 'matplotlib'}\n"
        "bad = sorted({name.split('.')[0] for name in sys.modules} & (heavy | {'trigger', 'hls', 'firmware_tests'}))\n"
        "assert not bad, bad\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "integrity" in done.stdout
