"""Area and speed of a layer whose pipeline has a clock enable, and of the same layer behind credits.

``python benchmarks/synth.py``: 3 x 3 x 1 -> 8 on 992 columns, three placements each; with ``LARTRIG_ALL`` also
3 x 3 x 8 -> 12 on 496 columns, one placement each (about 15 minutes). Results are remembered in ``build/synth``.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from firmware_tests.network_examples import Chain, unsigned
from hls.rtl_writer import write_rtl
from hls.synth.nextpnr import place
from hls.synth.yosys import synthesise

CREDIT = Path(__file__).with_name("net_credit.sv")
#: Behind both forms stands the FIFO that a network has there; that of the credits holds all that is on its way.
TOP = """module layer_and_fifo (
    input wire clk, input wire rst,
    input wire s_valid, output wire s_ready, input wire [{s_top}:0] s_data,
    output wire m_valid, input wire m_ready, output wire [{m_top}:0] m_data
);
  wire valid, ready;
  wire [{m_top}:0] data;
  {layer} layer (.clk, .rst, .s_valid, .s_ready, .s_data, .m_valid(valid), .m_ready({ready}), .m_data(data));
  net_fifo #(.Width({m_top} + 1), .Depth({depth})) fifo (
      .clk, .rst, .s_valid(valid), .s_ready(ready), .s_data(data), .m_valid, .m_ready, .m_data
  );
endmodule
"""


def main() -> None:
    """Print ``name value unit`` lines."""
    small = Chain("small", (64, 992, 1), unsigned(8, 3), seed=11).conv((3, 3), 8, bits=6).fit(6)
    compare("3x3x1_8", small, seeds=(1, 2, 3))
    if os.environ.get("LARTRIG_ALL"):
        large = Chain("large", (32, 496, 8), unsigned(6, 3), seed=11).conv((3, 3), 12, bits=6).fit(5)
        compare("3x3x8_12", large, seeds=(1,))


def compare(name: str, chain: Chain, seeds: tuple[int, ...]) -> None:
    """Synthesise and place both forms of a network of one layer."""
    with tempfile.TemporaryDirectory() as folder:
        rtl = Path(folder)
        write_rtl(chain.spec(), rtl)
        layer = next(rtl.glob("layer0_*.sv"))
        text = layer.read_text()
        tops = {port: int(re.search(rf"\[(\d+):0\] {port}_data", text)[1]) for port in "sm"}
        stages = int(re.search(r"\.Stages\((\d+)\)", text)[1])
        files = [rtl / f"{part}.sv" for part in ("net_window", "net_enable", "net_quantize", "net_fifo")]
        files += [*rtl.glob("kernel0_*.sv"), layer, CREDIT, rtl / "top.sv"]
        for form in ("enable", "credit"):
            layer.write_text(text if form == "enable" else credited(text, stages))
            ends = {"s_top": tops["s"], "m_top": tops["m"], "layer": layer.stem}
            depth, ready = (2, "ready") if form == "enable" else (stages + 2, "m_valid && m_ready")
            (rtl / "top.sv").write_text(TOP.format(**ends, depth=depth, ready=ready))
            report(f"synth_{name}_{form}", files, seeds)


def credited(text: str, stages: int) -> str:
    """Return the layer with ``net_credit`` in place of ``net_enable``; its ``m_ready`` becomes the pop of the FIFO."""
    changes = (
        ("net_enable #(", "net_credit #("),
        (f".Stages({stages})", f".Stages({stages}),\n      .Places({stages + 2})"),
        (".m_ready(p_ready),\n      .en(en)", ".pop(p_ready)"),
        ("p_ready, en;", "p_ready;\n  wire en = 1'b1;"),
    )
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def report(name: str, files: list[Path], seeds: tuple[int, ...]) -> None:
    """Print what one form takes, and how fast it is on ECP5: the median of the placements."""
    xcup = synthesise(files, "layer_and_fifo")
    speeds = sorted(place(files, "layer_and_fifo", seed=seed).fmax_mhz for seed in seeds)
    print(f"{name}_lut {xcup.resources.lut} LUT", f"{name}_ff {xcup.resources.ff} FF", sep="\n")
    print(f"{name}_ecp5 {speeds[len(speeds) // 2]} MHz", flush=True)


if __name__ == "__main__":
    main()
