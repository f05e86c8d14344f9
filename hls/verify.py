"""Climb levels 0 to 2 of the ladder of truth on a firmware folder: QKeras = C simulation = integer network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hls import csim, keras_model
from hls.images import random_images
from hls.level0 import Level0
from streams.errors import UserError
from trigger import integer_network, network_spec
from trigger.network_spec import NetworkSpec

_BATCH_PIXELS = 1 << 19  # memory of a batch stays below about 1 GB at 16 channels in float64

Run = Callable[[NDArray[Any]], NDArray[Any]]
Trace = Callable[[NDArray[Any]], Mapping[str, NDArray[Any]]]


@dataclass
class Comparison:
    """One level compared with the next: outputs compared, mismatches, and the first difference in words."""

    levels: str
    outputs: int = 0
    mismatches: int = 0
    difference: str = ""


@dataclass
class Report:
    """Result of ``verify``."""

    images: int
    validation_images: int
    seed: int
    comparisons: list[Comparison] = field(default_factory=list)

    @property
    def mismatches(self) -> int:
        """Sum over the levels."""
        return sum(comparison.mismatches for comparison in self.comparisons)


def verify(firmware: Path, *, outputs: int = 100_000, seed: int = 1) -> Report:
    """Compare levels 0 to 2 on at least ``outputs`` network outputs, all of them exactly.

    The model's validation images come first; where they are not enough (or absent), seeded corner and random images
    follow.

    Raises
    ------
    UserError : the folder is not a firmware folder, or a level cannot be run. A mismatch is in the report.
    """
    spec = network_spec.read(firmware / "network.json")
    level0 = Level0(keras_model.load(_model_file(firmware)), spec)
    project = firmware / "hls4ml"
    validation = _validation(firmware, spec)
    count = max(1, ceil(outputs / prod(spec.output_shape)))
    report = Report(images=count, validation_images=min(count, len(validation)), seed=seed)
    report.comparisons = [
        Comparison("0 QKeras float64 = 1 C simulation"),
        Comparison("1 C simulation = 2 integers"),
    ]
    for images in _batches(spec, validation, count, seed):
        values = level0.run(images), csim.run(project, spec, images), integer_network.evaluate(spec, images)
        traces: tuple[Trace, ...] = (
            level0.trace,
            lambda x: csim.trace(project, spec, x),
            lambda x: integer_network.trace(spec, x),
        )
        for lower, comparison in enumerate(report.comparisons):
            _compare(comparison, images, values[lower : lower + 2], traces[lower : lower + 2])
    return report


def _model_file(firmware: Path) -> Path:
    for suffix in (".keras", ".h5"):
        if (firmware / f"model{suffix}").is_file():
            return firmware / f"model{suffix}"
    raise UserError(f"{firmware}: no model.keras in it: convert the model again")


def _validation(firmware: Path, spec: NetworkSpec) -> NDArray[Any]:
    path = firmware / "validation.npz"
    if not path.is_file():
        return np.zeros((0, *spec.input_shape), np.int32)
    try:
        with np.load(path) as arrays:
            images = arrays["images"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path}: cannot read its images: {error}: convert the model again") from error
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.shape[1:] != spec.input_shape:
        raise UserError(f"{path}: images of shape {images.shape[1:]}, want {spec.input_shape}")
    return np.asarray(images)


def _batches(spec: NetworkSpec, validation: NDArray[Any], count: int, seed: int) -> Iterator[NDArray[Any]]:
    size = max(1, _BATCH_PIXELS // (spec.input_shape[0] * spec.input_shape[1]))
    stored = min(count, len(validation))
    for start in range(0, stored, size):
        yield validation[start : min(stored, start + size)]
    for start in range(0, count - stored, size):
        yield random_images(spec, start, min(size, count - stored - start), seed)


def _compare(
    comparison: Comparison, images: NDArray[Any], values: tuple[NDArray[Any], ...], traces: tuple[Trace, ...]
) -> None:
    got, want = values
    different = got != want
    comparison.outputs += want.size
    comparison.mismatches += int(np.count_nonzero(different))
    if np.any(different) and not comparison.difference:
        number = int(np.argwhere(different)[0][0])
        shown = images[number : number + 1]
        comparison.difference = _first_layer(traces[0](shown), traces[1](shown), shown)


def _first_layer(
    got: Mapping[str, NDArray[Any]], want: Mapping[str, NDArray[Any]], image: NDArray[Any]
) -> str:
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
                f"got {one[places[:5]].tolist()}, want {other[places[:5]].tolist()}; image {_short(image)}"
            )
    return f"no layer's trace differs, only the output; image {_short(image)}"


def _short(image: NDArray[Any]) -> str:
    """Return the first pixels of an image."""
    return f"{image.ravel()[:8].tolist()}... (sum {int(image.sum())})"
