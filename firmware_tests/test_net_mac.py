"""net_mac: sums and clocks, parallel, in logic and in DSP blocks, with groups; each one-line fault is caught."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from firmware_tests.simulation import RTL, sample, simulate
from hls.bench.simulators import quickest

# name: Inputs, Beats, Filters, Width, Signed, WeightWidth, OutWidth, Parallel, Groups, Run, UseDsp
SHAPES = {
    "one": (1, 1, 1, 3, 0, 2, 6, 1, 1, 1, 1),
    "sequential": (9, 1, 2, 8, 0, 6, 18, 1, 1, 9, 1),
    "dense": (3, 4, 2, 5, 1, 7, 16, 1, 1, 3, 1),
    "parallel": (9, 1, 3, 4, 1, 5, 13, 4, 1, 9, 1),  # the last turn is not full
    "whole": (6, 1, 2, 4, 0, 4, 12, 6, 1, 6, 1),  # one turn: a beat every clock
    "wraps": (9, 1, 2, 6, 1, 5, 8, 2, 1, 9, 0),  # sums modulo their width
    "logic": (9, 2, 2, 6, 0, 6, 18, 3, 1, 9, 0),
    "odd_weights": (5, 1, 2, 4, 1, 3, 11, 5, 1, 5, 0),
    "depthwise": (12, 1, 6, 5, 1, 4, 14, 2, 3, 1, 1),  # 4 places of 3 channels, 2 filters each
    "groups": (12, 1, 4, 5, 0, 1, 14, 3, 2, 2, 0),
}
FAULTS = [
    ("sequential", "last_q[Stages+1];", "last_q[Stages];", "done_one_clock_early"),
    ("sequential", "(first_q[Stages+1] ? BIAS : sum_q)", "sum_q", "sums_run_on"),
    ("sequential", "(beat_q != '0 || used_q != UsedBits'(Places))", "1'b1", "no_credits"),
    ("dense", "beat_q == BeatEnd ? '0 : beat_q + 1'b1", "'0", "first_beat_only"),
    ("dense", "at_end ? '0 : weight_address + 1'b1", "weight_address + 1'b1", "address_runs_on"),
    ("parallel", "if (k < InGroup)", "if (k < InGroup - 1)", "last_number_lost"),
    ("parallel", ">> (Parallel * Width)", ">> Width", "shifts_by_one_number"),
    ("parallel", "if (l % 2 == 0)", "if (l % 4 == 0)", "a_register_missing"),
    ("odd_weights", "d == Digits - 1 ? once - twice", "d == Digits ? once - twice", "sign_of_the_weight"),
    ("logic", "<<< (2 * d)", "<<< d", "digits_of_one_bit"),
    ("depthwise", "(k / Run) * Run * Groups + g * Run", "k * Groups + 0 * g", "one_group_for_all"),
    (
        "depthwise",
        "numbers_q[(G*Parallel+p)*Width+:Width]",
        "numbers_q[(0*G+p)*Width+:Width]",
        "group_0_only",
    ),
    ("whole", "NeededPlaces > 4 ? NeededPlaces : 4", "4", "too_few_places_for_full_rate"),
]


def run(shape: str, source: Path, tag: str) -> None:
    inputs, beats, filters, width, signed, bits, out, parallel, groups, channels, dsp = SHAPES[shape]
    rng = np.random.default_rng(len(shape))
    weights = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (inputs * beats, filters))
    weights[0], weights[-1] = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    group = np.arange(inputs * beats) // channels % groups
    weights[group[:, None] != np.arange(filters) // (filters // groups)] = 0
    bias = rng.integers(-(1 << (out - 1)), 1 << (out - 1), filters).tolist()
    packed = sum((b % (1 << out)) << (f * out) for f, b in enumerate(bias))
    parameters = {
        "Inputs": inputs, "Beats": beats, "Filters": filters, "Width": width, "Signed": signed,
        "WeightWidth": bits, "OutWidth": out, "Bias": f"{filters * out}'h{packed:x}", "Parallel": parallel,
        "Groups": groups, "Run": channels, "UseDsp": dsp,
    }  # fmt: skip
    simulate(
        "net_mac",
        "firmware_tests.net_mac_cases",
        sources=[source, RTL / "net_fifo.sv"],
        parameters=parameters,
        simulator=quickest(),
        tag=f"{shape}.{tag}",
        env={"NET_MAC": json.dumps({"weights": weights.tolist(), "bias": bias})},
    )


@pytest.mark.rtl
@pytest.mark.parametrize("shape", sample(list(SHAPES)))
def test_equals_the_model(shape: str) -> None:
    run(shape, RTL / "net_mac.sv", "rtl")


@pytest.mark.rtl
@pytest.mark.parametrize(
    ("shape", "old", "new", "why"), sample([pytest.param(*fault, id=fault[3]) for fault in FAULTS])
)
def test_fault_is_caught(shape: str, old: str, new: str, why: str, tmp_path: Path) -> None:
    text = (RTL / "net_mac.sv").read_text()
    assert text.count(old) == 1, why
    (tmp_path / "net_mac.sv").write_text(text.replace(old, new))
    with pytest.raises(AssertionError, match="cases failed"):
        run(shape, tmp_path / "net_mac.sv", why)
