"""Climb levels 0 to 2 of the ladder of truth on a firmware folder: QKeras = C simulation = integer network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls import csim, keras_model
from hls.images import random_inputs
from hls.level0 import Level0
from streams.errors import UserError
from trigger import integer_network, network_spec
from trigger.network_spec import NetworkSpec

_BATCH_PIXELS = 1 << 19  # memory of a batch stays below about 1 GB at 16 channels in float64

Values = Mapping[str, NDArray[Any]]  # by name of an input, an output or a layer
Run = Callable[[Values], Values]


@dataclass
class Comparison:
    """One level compared with the next: outputs compared, mismatches, and the first difference in words."""

    levels: str
    outputs: int = 0
    mismatches: int = 0
    difference: str = ""


@dataclass
class Report:
    """Result of ``verify``; ``notes`` say which levels are not there for which output, and why."""

    images: int
    validation_images: int
    seed: int
    comparisons: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def mismatches(self) -> int:
        """Sum over the levels."""
        return sum(comparison.mismatches for comparison in self.comparisons)


@dataclass(frozen=True)
class _Level:
    """How one level of the ladder is run and traced, and the network outputs that it gives."""

    name: str
    run: Run
    trace: Run
    gives: frozenset[str]


def verify(firmware: Path, *, outputs: int = 100_000, seed: int = 1) -> Report:
    """Compare levels 0 to 2 on at least ``outputs`` network outputs, all of them exactly.

    The model's validation images come first; where they are not enough (or absent), seeded corner and random images
    follow. An output without a level 0 (a softmax, a precision of ``hls_config``) starts at level 1.

    Raises
    ------
    UserError : the folder is not a firmware folder, or a level cannot be run. A mismatch is in the report.
    """
    spec = network_spec.read(firmware / "network.json")
    level0 = Level0(keras_model.load(_model_file(firmware)), spec)
    validation = _validation(firmware, spec)
    stored = len(validation[spec.inputs[0].name])
    count = max(1, ceil(outputs / sum(prod(spec.shape(name)) for name in spec.outputs)))
    report = Report(images=count, validation_images=min(count, stored), seed=seed)
    levels = _levels(firmware / "hls4ml", spec, level0, report)
    report.comparisons = [Comparison(f"{low.name} = {high.name}") for low, high in pairwise(levels)]
    for images in _batches(spec, validation, count, seed):
        values = [level.run(images) for level in levels]
        for place, comparison in enumerate(report.comparisons):
            _compare(comparison, images, values[place : place + 2], levels[place : place + 2])
    return report


def _levels(project: Path, spec: NetworkSpec, level0: Level0, report: Report) -> list[_Level]:
    """Return the levels that there are; the report's notes tell of the outputs that level 0 has not."""
    names = frozenset(spec.outputs)
    given = frozenset(level0.outputs(random_inputs(spec, 0, 1, report.seed)))
    if given != names:
        if not level0.unsupported:
            raise UserError(f"the model gives no {', '.join(sorted(names - given))}: convert the model again")
        report.notes += [f"{part}: starts at level 1" for part in level0.unsupported.split("; ")]
    levels = [
        _Level("0 QKeras float64", level0.outputs, level0.trace, given),
        _Level("1 C simulation", partial(csim.outputs, project, spec), partial(csim.trace, project, spec), names),
        _Level("2 integers", partial(integer_network.outputs, spec), partial(integer_network.trace, spec), names),
    ]  # fmt: skip
    return levels if given else levels[1:]


def _model_file(firmware: Path) -> Path:
    for suffix in (".keras", ".h5"):
        if (firmware / f"model{suffix}").is_file():
            return firmware / f"model{suffix}"
    raise UserError(f"{firmware}: no model.keras in it: convert the model again")


def _validation(firmware: Path, spec: NetworkSpec) -> dict[str, NDArray[Any]]:
    """Return the stored images of each input: array ``images`` of the only one, else arrays by name."""
    path = firmware / "validation.npz"
    if not path.is_file():
        return {node.name: np.zeros((0, *node.shape), np.int32) for node in spec.inputs}
    try:
        with np.load(path) as arrays:
            single = len(spec.inputs) == 1
            found = {node.name: arrays["images" if single else node.name] for node in spec.inputs}
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path}: cannot read its images: {error}: convert the model again") from error
    for node in spec.inputs:
        images = found[node.name]
        if images.ndim == len(node.shape) and node.shape[-1] == 1:
            images = images[..., np.newaxis]
        if images.shape[1:] != node.shape:
            raise UserError(f"{path}: images of shape {images.shape[1:]}, want {node.shape}")
        found[node.name] = images
    if len({len(images) for images in found.values()}) != 1:
        raise UserError(f"{path}: different numbers of images for the inputs: convert the model again")
    return found


def _batches(
    spec: NetworkSpec, validation: dict[str, NDArray[Any]], count: int, seed: int
) -> Iterator[dict[str, NDArray[Any]]]:
    size = max(1, _BATCH_PIXELS // max(prod(node.shape[:-1]) for node in spec.inputs))
    stored = min(count, len(validation[spec.inputs[0].name]))
    for start in range(0, stored, size):
        yield {name: images[start : min(stored, start + size)] for name, images in validation.items()}
    for start in range(0, count - stored, size):
        yield random_inputs(spec, start, min(size, count - stored - start), seed)


def _compare(comparison: Comparison, images: Values, values: list[Values], levels: list[_Level]) -> None:
    """Count what differs in the outputs that both levels give, and describe the first image that does."""
    found, wanted = values
    for name in sorted(levels[0].gives):
        different = found[name] != wanted[name]
        comparison.outputs += wanted[name].size
        comparison.mismatches += int(np.count_nonzero(different))
        if np.any(different) and not comparison.difference:
            number = int(np.argwhere(different)[0][0])
            shown = {key: array[number : number + 1] for key, array in images.items()}
            comparison.difference = _first_layer(levels[0].trace(shown), levels[1].trace(shown), shown)


def _first_layer(got: Values, want: Values, images: Values) -> str:
    """Return in words the first layer that differs: count, first five positions, got, want."""
    for name in (
        [name for name in want if name in got] if len(want) > len(got) else [n for n in got if n in want]
    ):
        one, other = got[name].reshape(-1), want[name].reshape(-1)
        places = np.flatnonzero(one != other)
        if len(places):
            shape = want[name].shape[1:]
            at = [tuple(int(i) for i in np.unravel_index(p, shape)) for p in places[:5]]
            return (
                f"layer {name}: {len(places)} of {one.size} values differ in the first image that differs; at {at} "
                f"got {one[places[:5]].tolist()}, want {other[places[:5]].tolist()}; image {_short(images)}"
            )
    return f"no layer's trace differs, only the output; image {_short(images)}"


def _short(images: Values) -> str:
    """Return the first pixels of the image of each input."""
    parts = [f"{image.ravel()[:8].tolist()}... (sum {int(image.sum())})" for image in images.values()]
    return " and ".join(parts)
