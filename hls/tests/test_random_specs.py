from __future__ import annotations

import numpy as np
import pytest

from hls.random_specs import KINDS, random_spec
from trigger.integer_network import outputs, trace
from trigger.integer_network_fast import outputs_fast


def images(spec, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {n.name: rng.integers(n.number.min_int, n.number.max_int + 1, (3, *n.shape)) for n in spec.inputs}


@pytest.mark.parametrize("seed", range(60))
def test_fast_equals_clear_and_formats_hold(seed: int) -> None:
    spec = random_spec(seed)
    given = images(spec, seed)
    got, want = outputs_fast(spec, given), outputs(spec, given)
    assert list(got) == list(want) == spec.outputs
    for name in want:
        np.testing.assert_array_equal(got[name], want[name])
    for layer, values in zip(spec.layers, trace(spec, given).values(), strict=True):
        assert values.shape == (3, *layer.output_shape)
        assert layer.output.min_int <= values.min() and values.max() <= layer.output.max_int


def test_every_kind_occurs_with_branches_and_several_ends() -> None:
    specs = [random_spec(seed) for seed in range(150)]
    found = {layer.name.rsplit("_", 1)[0] for spec in specs for layer in spec.layers}
    assert found == set(KINDS)
    assert {len(spec.inputs) for spec in specs} == {1, 2}
    assert {1, 2, 3} <= {len(spec.outputs) for spec in specs}
    sources = [[s for layer in spec.layers for s in layer.sources] for spec in specs]
    assert sum(len(set(names)) < len(names) for names in sources) > 20  # forks
