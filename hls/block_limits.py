"""What a network may ask of its hardware: sizes that the tools take, and choices that exist.

>>> from trigger.network_spec import Format, Input, NetworkSpec, Quantize
>>> pixel = Format(signed=False, width=8, fraction=0)
>>> relu = Quantize(name="relu", input_shape=(2, 2, 1), output_shape=(2, 2, 1), output=pixel)
>>> spec = NetworkSpec(name="example", inputs=(Input(shape=(2, 2, 1), number=pixel),), layers=[relu])
>>> check_choices(spec, {}, {"relu": 4})
Traceback (most recent call last):
streams.errors.UserError: reuse factor 4 for layer 'relu': want at least 1, for one of []
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hls.netlist import Stream
from streams.errors import UserError
from trigger.network_spec import Conv2D, Dense, Layer, NetworkSpec

#: Bits of a vector that has to stand in one beat.
MAX_BEAT_BITS = 4096
#: Bits of any signal (Verilator's limit), and beats of a frame.
MAX_BITS, MAX_BEATS = 65536, 1 << 24


def check_sizes(layer: Layer, streams: Sequence[Stream]) -> None:
    """Refuse what the tools do not take."""
    for stream in streams:
        if stream.width > MAX_BITS or stream.beats > MAX_BEATS:
            raise UserError(
                f"layer {layer.name}: frames of {stream.beats} beats of {stream.width} bits: want at most {MAX_BEATS}"
                f" beats of {MAX_BITS} bits: use smaller images, or fewer channels"
            )


def check_choices(spec: NetworkSpec, kernels: Mapping[str, str], reuse: Mapping[str, int]) -> None:
    """Refuse kernels and reuse factors of layers that have no such choice."""
    choices = [layer.name for layer in spec.layers if isinstance(layer, Conv2D | Dense)]
    for name, kind in kernels.items():
        if name not in choices or kind not in ("shift_add", "mac"):
            raise UserError(
                f"kernel {kind!r} for layer {name!r}: want shift_add or mac, for one of {choices}"
            )
    for name, factor in reuse.items():
        if name not in choices or factor < 1:
            raise UserError(
                f"reuse factor {factor} for layer {name!r}: want at least 1, for one of {choices}"
            )
