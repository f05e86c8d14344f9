"""Firmware folders with a small network, made without training: for the tests of the chain."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from firmware_tests.network_examples import Chain, signed, unsigned
from hls import plan
from hls.rtl_writer import write_rtl
from trigger import network_spec, settings
from trigger.decide import score_map
from trigger.frames import COLUMNS, ROWS
from trigger.integer_network_fast import evaluate_fast
from trigger.network_spec import NetworkSpec

SMALL = {"FaceChannels": 24, "GuardColumns": 8, "Rows": 16}  # 64 columns


def network(rows: int = ROWS, columns: int = COLUMNS) -> NetworkSpec:
    """Return three convolutions, two poolings, two outputs; receptive field 18 x 18 pixels."""
    chain = Chain("chain", (rows, columns, 1), unsigned(8), seed=8)
    chain.conv((3, 3), 3).quantize(unsigned(6, -3)).pool((2, 2), (2, 2))
    chain.conv((3, 3), 4).quantize(unsigned(6, -6)).pool((2, 2), (2, 2))
    return chain.conv((3, 3), 4).quantize(unsigned(6, -8)).conv((1, 1), 2).quantize(signed(8, -7)).spec()


def write_firmware(folder: Path, spec: NetworkSpec, threshold: int | None = None) -> Path:
    """Write what the chain needs of a firmware folder; default threshold: about half of the cells of noise pass."""
    plan.write(write_rtl(spec, folder / "rtl"), folder / "plan.json")
    network_spec.write(spec, folder / "network.json")
    if threshold is None:
        images = np.random.default_rng(1).normal(16, 5, (4, *spec.input_shape)).round().clip(0).astype(int)
        threshold = int(np.median(score_map(evaluate_fast(spec, images))[0]))
    settings.write(settings.TriggerSettings(threshold=threshold), folder / "trigger.json")
    return folder


def small_parameters(spec: NetworkSpec) -> dict[str, int]:
    """Return the parameters of ``chain.sv`` for a small geometry."""
    return {
        **SMALL,
        "OutputBits": spec.output.width,
        "OutputSigned": int(spec.output.signed),
        "Outputs": spec.output_shape[-1],
        "CellRows": spec.input_shape[0] // spec.output_shape[0],
        "CellChannels": spec.input_shape[1] // spec.output_shape[1],
        "Depth": 1024,
    }
