"""Record the handshakes of a netlist's RTL under given traffic, and compare every clock, and every
FIFO's words, with the cycle model.

>>> traffic(3, "ab", 4, 0.0, 0.0)["a"].tolist()
[True, True, True, True]
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hls import cycles
from hls.bench import runner
from hls.bench.simulators import quickest
from hls.netlist import Netlist
from hls.rtl_writer import sources

CASES = "firmware_tests.network_clocks_cases"


@dataclass(frozen=True)
class Traffic:
    """Frames that are sent, and the clocks of a run in which each port's valid or ready is true, by label.

    Where nothing is said, and behind the end, both are true always; ``clocks`` bounds the run.
    """

    name: str
    frames: int
    signals: Mapping[str, np.ndarray]
    clocks: int = 20_000


def traffic(
    seed: int, labels: Sequence[str], clocks: int, idle: float, stall: float
) -> dict[str, np.ndarray]:
    """Return random gaps (in ``idle`` of the clocks) for inputs, stalls for outputs, now and then a long one."""
    rng = np.random.default_rng(seed)
    signals = {}
    for label in labels:
        share = stall if label.startswith("m_axis") else idle
        long = np.repeat(rng.random(-(-clocks // 64)) < share / 3, 64)[:clocks]
        signals[label] = ~((rng.random(clocks) < share) | long)
    return signals


def record(netlist: Netlist, runs: Sequence[Traffic], folder: Path, tag: str) -> dict[str, np.ndarray]:
    """Simulate the netlist's RTL; return the clocks by ``<run>.<port>``."""
    rtl = folder / "rtl"
    rtl.mkdir(parents=True)
    texts = sources(netlist)
    for name, text in texts.items():
        (rtl / f"{name}.sv").write_text(text)
    (rtl / "network.f").write_text("".join(f"{name}.sv\n" for name in texts))
    facts = {
        "inputs": [(port.label, port.stream.beats) for port in netlist.inputs],
        "outputs": [(port.label, port.stream.beats) for port in netlist.outputs],
        "fifos": fifos(netlist),
        "runs": [{"name": run.name, "frames": run.frames, "clocks": run.clocks} for run in runs],
    }
    (folder / "traffic.json").write_text(json.dumps(facts))
    labels = [port.label for port in (*netlist.inputs, *netlist.outputs)]
    never = np.zeros(0, np.bool_)
    arrays = {f"{run.name}.{label}": run.signals.get(label, never) for run in runs for label in labels}
    np.savez(folder / "traffic.npz", **arrays)
    design = runner.Design("network", [rtl / "network.f"], simulator=quickest(), public="top")
    runner.build(design)
    runner.run(design, CASES, tag=tag, env={"NETWORK_CLOCKS": str(folder)})
    with np.load(folder / "clocks.npz") as found:
        return dict(found)


def fifos(netlist: Netlist) -> list[tuple[str, str]]:
    """Return for each FIFO the prefixes of the signals in front of it and behind it."""
    found = []
    for number, edge in enumerate(netlist.edges):
        if edge.kind != "wire":
            source = edge.producer if edge.producer.startswith("layer") else f"{edge.producer}_out"
            found.append((source, f"e{number}"))
    return found


def check(netlist: Netlist, runs: Sequence[Traffic], folder: Path, tag: str) -> int:
    """Compare every clock of the RTL, and the most words that each FIFO held, with the cycle model.

    Returns
    -------
    number of beats compared.
    """
    seen, beats = record(netlist, runs, folder, tag), 0
    inputs = {port.label for port in netlist.inputs}
    for run in runs:
        valid = {label: signal for label, signal in run.signals.items() if label in inputs}
        ready = {label: signal for label, signal in run.signals.items() if label not in inputs}
        model = cycles.run(netlist, frames=run.frames, valid=valid, ready=ready)
        for label, clocks in (model.taken | model.given).items():
            np.testing.assert_array_equal(
                seen[f"{run.name}.{label}"], clocks, f"{run.name}: clocks of {label}"
            )
            beats += len(clocks)
        held = [most for edge, most in model.occupancy.items() if edge.kind != "wire"]
        np.testing.assert_array_equal(seen[f"{run.name}.fifos"], held, f"{run.name}: words in the FIFOs")
    return beats
