"""Each case that hls4ml 1.3 gets wrong, on the smallest network that shows it: theirs fails, ours is equal."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hls import csim
from hls.convert import write_project
from hls.double_precision import double_precision
from hls.images import random_inputs
from hls.keras_alias import legacy_keras
from hls.keras_walk import rebuilt
from hls.level0 import Level0
from hls.upstream import CASES, Case, model, page
from streams.errors import UserError
from trigger import integer_network
from trigger.network_spec import NetworkSpec

IMAGES = 12
_GRID = 'act("quantized_bits(8,3)")'

#: Not faults of hls4ml, but what a repair could get wrong.
MORE = {
    "padding of negative values": f'{_GRID}, keras.layers.MaxPooling2D(3, 1, "same"), act("quantized_bits(12,6)")',
    "all bits dropped": f'{_GRID}, act("quantized_relu(3,0)"), keras.layers.MaxPooling2D(2), '
    'act("quantized_relu(3,5)"), conv(2)',
    "flatten at the end": f'{_GRID}, conv(), act("quantized_relu(4,2)"), keras.layers.Flatten()',
}  # fmt: skip


def _real(network: Any, images: list[np.ndarray]) -> list[np.ndarray]:
    """Return what a Keras model gives in float64 for real images, off the grid too."""
    with double_precision():
        found = rebuilt(network, None, "float64")(images if len(images) > 1 else images[0], training=False)
    return [np.asarray(x, np.float64) for x in (found if isinstance(found, list) else [found])]


def test_ours_is_equal(tmp_path: Path) -> None:
    """All cases in one network, each with its own input and output."""
    names = [*(entry.name for entry in CASES), *MORE]
    parts = [model(layers) for layers in (*(entry.layers for entry in CASES), *MORE.values())]
    with legacy_keras() as keras:
        inputs = [keras.layers.Input((8, 9, 2), name=f"pixels_{i}") for i in range(len(parts))]
        outputs = []
        for value, part in zip(inputs, parts, strict=True):
            for layer in part.layers:
                value = layer(value)
            outputs.append(value)
        whole = keras.Model(inputs, outputs)
    spec = write_project(whole, tmp_path / "hls4ml")
    csim.build(tmp_path / "hls4ml", "-O0")
    images = random_inputs(spec, 0, IMAGES, seed=1)
    wanted, integers = Level0(whole, spec).outputs(images), integer_network.outputs(spec, images)
    given = csim.outputs(tmp_path / "hls4ml", spec, images)
    for name, output in zip(names, spec.outputs, strict=True):
        want = wanted[output]
        assert len(np.unique(want)) > (1 if name == "all bits dropped" else 5), (
            name
        )  # there only the bias is left
        assert np.array_equal(given[output], want), name
        assert np.array_equal(integers[output], want), name
    # Off the grid and out of range, the input's own type has to round and saturate.
    at = next(i for i, entry in enumerate(CASES) if entry.off_grid)
    scaled = {node.name: images[node.name] * 1.25 + 0.5 for node in spec.inputs}
    real = [scaled[node.name] * 2.0**-node.number.fraction for node in spec.inputs]
    got = csim.outputs(tmp_path / "hls4ml", spec, scaled)[spec.outputs[at]]
    want = _real(whole, real)[at] * 2.0 ** spec.number(spec.outputs[at]).fraction
    assert np.array_equal(got, want)


def _upstream(network: Any, folder: Path) -> None:
    """Convert with hls4ml alone, as its documentation says for exact networks."""
    with legacy_keras(), contextlib.redirect_stdout(io.StringIO()):
        import hls4ml

        config = hls4ml.utils.config_from_keras_model(network, granularity="name")
        graph = hls4ml.converters.convert_from_keras_model(
            network, hls_config=config, output_dir=str(folder), project_name=csim.TOP, backend="Vitis",
            io_type="io_stream", bit_exact=True,
        )  # fmt: skip
        graph.write()


def _spec_and_images(case: Case, network: Any, folder: Path) -> tuple[NetworkSpec, np.ndarray]:
    spec = write_project(network, folder)
    images = random_inputs(spec, 0, IMAGES, seed=1)[spec.inputs[0].name]
    return spec, images * 1.25 + 0.5 if case.off_grid else images


@pytest.mark.filterwarnings("ignore")  # hls4ml's own
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hls4ml_alone_is_not(case: Case, tmp_path: Path) -> None:
    """Guards the reason of each repair: one that hls4ml no longer needs fails here."""
    network = model(case.layers)
    if case.seen == "refuses":
        with pytest.raises(Exception, match=case.message):
            _upstream(network, tmp_path / "theirs")
        return
    spec, images = _spec_and_images(case, network, tmp_path / "ours")
    _upstream(network, tmp_path / "theirs")
    csim.build(tmp_path / "theirs", "-O0")
    if case.seen == "dies":
        with pytest.raises(UserError, match="C simulation died of SIGABRT"):
            csim.run(tmp_path / "theirs", spec, images)
        return
    want = _real(network, [images * 2.0**-spec.input.fraction])[0] * 2.0**spec.output.fraction
    assert np.mean(csim.run(tmp_path / "theirs", spec, images) == want) < 0.999


def test_the_page_is_the_list() -> None:
    """``python -c "from hls.upstream import page; print(page())"`` writes the page anew."""
    assert Path("docs/upstream.md").read_text() == page() + "\n"
