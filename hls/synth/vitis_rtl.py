"""The cocotb suite of a firmware folder on the RTL that Vitis HLS made of its hls4ml project: the numbers alone.

Vitis itself was never run for this: ``hls/bench/vitis_top.py`` says what is assumed of it. The tests have a stand-in
for the tool, which writes Verilog with the same ports.

>>> types("typedef nnet::array<ap_ufixed<10,6,AP_RND_CONV,AP_SAT,0>, 2*1> layer5_t;")
{'layer5_t': Format(signed=False, width=10, fraction=4)}
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from streams.errors import UserError
from trigger import network_spec
from trigger.network_spec import Format

_TYPE = re.compile(r"typedef nnet::array<ap_(u?)fixed<(\d+),\s*(-?\d+)[^>]*>,[^>]*>\s*(\w+);")


def co_simulate(firmware: Path, verilog: Path) -> str:
    """Run the suite of ``firmware`` on the RTL in ``verilog``; return its summary.

    Raises
    ------
    UserError : no suite or no RTL, the project is of another network, or a number is wrong; the text says which.
    """
    suite = firmware / "cocotb"
    if not (suite / "bench" / "values.py").is_file():
        raise UserError(f"no cocotb suite for Vitis's RTL in {suite}: convert the model again")
    if not any(verilog.glob("*.v")):
        raise UserError(f"no Verilog in {verilog}: run the synthesis again")
    check_formats(firmware)
    environment = {**os.environ, "RTL": str(verilog.resolve())}
    done = subprocess.run(
        [sys.executable, "run.py"], cwd=suite, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise UserError(f"the cocotb suite fails on the RTL in {verilog}: {done.stderr.strip()}")
    return done.stdout.strip()


def check_formats(firmware: Path) -> None:
    """Compare the formats of the project's top function with the network's inputs and outputs.

    Raises
    ------
    UserError : they differ, or the project cannot be read.
    """
    spec = network_spec.read(firmware / "network.json")
    source = firmware / "hls4ml" / "firmware"
    headers = sorted(path for path in source.glob("*.h") if "hls::stream<" in path.read_text())
    if len(headers) != 1 or not (source / "defines.h").is_file():
        raise UserError(f"no top function with streams in {source}: convert the model again")
    arguments = re.findall(r"hls::stream<(\w+)>\s*&\s*(\w+)", headers[0].read_text())
    known = types((source / "defines.h").read_text())
    wanted = {node.name: node.number for node in spec.inputs}
    wanted |= {name: spec.number(name) for name in spec.outputs}
    if len(arguments) != len(spec.inputs) + len(spec.outputs):
        raise UserError(
            f"{headers[0]} has {len(arguments)} streams, want {len(spec.inputs)} inputs and"
            f" {len(spec.outputs)} outputs: convert the model again"
        )
    names = [*(node.name for node in spec.inputs), *spec.outputs]
    for name, (kind, argument) in zip(names, arguments, strict=True):
        if known.get(kind) != wanted[name]:
            raise UserError(
                f"{headers[0]}: {argument} of {name} has {known.get(kind)}, want {wanted[name]}:"
                " convert the model again"
            )


def types(defines: str) -> dict[str, Format]:
    """Return the number formats of the streams' types in hls4ml's ``defines.h``."""
    return {
        name: Format(signed=not unsigned, width=int(width), fraction=int(width) - int(integer))
        for unsigned, width, integer, name in _TYPE.findall(defines)
    }
