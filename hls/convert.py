"""A trained model -> firmware folder: hls4ml project with C simulation, network.json, RTL, plan, manifest."""

from __future__ import annotations

import contextlib
import io
import shutil
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hls import csim, keras_model
from hls.backend.project_writer import write_network
from hls.hls_config import load, renamed
from hls.keras_walk import safe_name
from hls.plan import Plan
from streams import manifest
from streams.errors import ConfigError, UserError
from streams.output import fresh
from trigger.network_spec import NetworkSpec

_COPIED = ("trigger.json", "validation.npz")


@dataclass(frozen=True)
class Conversion:
    """What ``convert`` made: the network, the RTL's plan, and how long the steps took."""

    spec: NetworkSpec
    plan: Plan
    seconds: dict[str, float]


def convert(
    model: Path | Any,
    output: Path,
    *,
    image: tuple[int, int] | None = None,
    hls_config: Path | dict[str, Any] | None = None,
    continuous: bool = False,
) -> Conversion:
    """Write the firmware folder ``output`` of a QKeras model.

    Parameters
    ----------
    model : folder that ``train`` wrote, a ``.keras`` or ``.h5`` file, or a tf_keras model in memory.
    output : folder to make; it must not exist, and appears whole or not at all.
    image : rows and columns of the images; by default those of ``validation.npz``, else of the model's inputs.
    hls_config : hls4ml's configuration, or a YAML or JSON file of it (see ``hls.hls_config``).
    continuous : RTL for rows without end, instead of frames.

    Raises
    ------
    UserError : no exact firmware can be made of the model; the message says why and what to do.
    """
    seconds: dict[str, float] = {}
    config = load(hls_config)
    with fresh(output, folder=True) as part:
        with _timed(seconds, "read"):
            source = _source(model)
            network = keras_model.load(source) if source else keras_model.through_file(model)
            keras_model.check(network)
            folder = model if isinstance(model, Path) and model.is_dir() else None
            ready = keras_model.prepared(network, _shapes(network, folder, image))
        with _timed(seconds, "hls4ml"):
            spec, reuse = write_graph(ready, part / "hls4ml", _names(network, config))
        with _timed(seconds, "rtl"):
            plan = write_network(spec, part, reuse=reuse, continuous=continuous)
        with _timed(seconds, "compile"):
            csim.build(part / "hls4ml")
        if source:
            shutil.copyfile(source, part / f"model{source.suffix}")
        else:
            keras_model.save(network, part / "model.keras")
        copied = _copy(folder, part)
        _write_manifest(part, source, copied, Conversion(spec, plan, seconds))
    return Conversion(spec, plan, seconds)


def _names(network: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with the names of the model that hls4ml sees."""
    from hls.keras_alias import legacy_keras

    with legacy_keras():
        names = [*keras_model.input_shapes(network), *(layer.name for layer in keras_model.layers(network))]
    return renamed(config, {name: safe_name(name) for name in names}) if config.get("LayerName") else config


@contextlib.contextmanager
def _timed(seconds: dict[str, float], name: str) -> Any:
    start = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - start, 2)


def _source(model: Path | Any) -> Path | None:
    """Return the model's file, or None for a model in memory."""
    if not isinstance(model, Path):
        return None
    if model.is_dir():
        return model / "model.keras"
    if not model.exists():
        raise UserError(f"cannot read model {model}: no such file or folder")
    return model


def _shapes(
    model: Any, folder: Path | None, image: tuple[int, int] | None
) -> dict[str, tuple[int | None, ...]]:
    """Return the shape of each input; ``image`` is that of all images (its rows the steps of a sequence)."""
    from hls.keras_alias import legacy_keras

    with legacy_keras():
        shapes: dict[str, tuple[int | None, ...]] = dict(keras_model.input_shapes(model))
    stored = folder / "validation.npz" if folder else None
    if image is None and len(shapes) == 1 and stored is not None and stored.is_file():
        with np.load(stored) as arrays:
            given = (*arrays["images"].shape[1:3], 1)
        image = (given[0], given[1])
    for name, shape in shapes.items():
        if image is not None and len(shape) in (2, 3):
            shapes[name] = (*image, shape[2]) if len(shape) == 3 else (image[0], shape[1])
        if None in shapes[name]:
            raise ConfigError(
                f"the model leaves the image size open in {name} {shape}: give it, for example --rows 64 --columns 992"
            )
    return shapes


def write_project(model: Any, folder: Path, hls_config: Path | dict[str, Any] | None = None) -> NetworkSpec:
    """Write the exact hls4ml project of a model into ``folder``; return its NetworkSpec."""
    return write_graph(keras_model.prepared(model), folder, _names(model, load(hls_config)))[0]


def write_graph(model: Any, folder: Path, config: dict[str, Any]) -> tuple[NetworkSpec, dict[str, int]]:
    """Write the project of a model that hls4ml's parser takes; return its NetworkSpec and the reuse factors."""
    from hls.graph import network_spec as of_graph
    from hls.graph import reuse_factors
    from hls.keras_alias import legacy_keras

    with legacy_keras(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # hls4ml's and TensorFlow's own
        import hls4ml

        graph = hls4ml.converters.convert_from_keras_model(
            model, output_dir=str(folder), project_name=csim.TOP, hls_config=config,
            backend="StreamRTL", io_type="io_stream", bit_exact=True,
        )  # fmt: skip
        graph.config.config["WriteRTL"] = False  # one level up, in the firmware folder
        graph.write()
    return of_graph(graph), reuse_factors(graph)


def _copy(folder: Path | None, part: Path) -> list[Path]:
    copied = [folder / name for name in _COPIED if (folder / name).is_file()] if folder else []
    for path in copied:
        shutil.copyfile(path, part / path.name)
    return copied


def _write_manifest(part: Path, source: Path | None, copied: list[Path], made: Conversion) -> None:
    spec, plan = made.spec, made.plan
    inputs = [source, *copied] if source else copied
    manifest.write(
        part / "manifest.json",
        inputs=inputs,
        command="convert",
        network=manifest.sha256(part / "network.json"),
        inputs_shape={node.name: list(node.shape) for node in spec.inputs},
        outputs_shape={name: list(spec.shape(name)) for name in spec.outputs},
        kernels={
            layer.name: {"kernel": layer.kernel, "interval_clk": layer.interval} for layer in plan.layers
        },
        latency_clk=plan.latency_clk,
        clocks_per_frame=plan.clocks_per_frame,
    )
