"""The backend class: Vitis's templates behind our own flow, in which the exact graph comes first.

hls4ml's flows ``convert`` and ``optimize`` are not run: their passes merge quantizers and derive formats that are not
always exact. The flow is ``exact`` (formats and repairs), initialisation, streaming, types, templates.
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from streams.errors import ConfigError, UserError

NAME = "StreamRTL"
_TYPES = (
    "transform_types", "register_bram_weights", "apply_resource_strategy", "generate_unrolled_dense_resource",
    "set_pipeline_style",
)  # fmt: skip


def backend_class() -> type:
    """Return the backend class (made here, because hls4ml is imported only when it is used)."""
    from hls4ml.backends.vitis.vitis_backend import VitisBackend
    from hls4ml.backends.vivado.vivado_backend import VivadoBackend

    class StreamRTLBackend(VitisBackend):  # type: ignore[misc]
        """Exact stream networks: HLS project and RTL from one graph."""

        def __init__(self) -> None:
            super(VivadoBackend, self).__init__(name=NAME)
            self._register_layer_attributes()
            _register_layers(self)
            self._register_flows()

        def _init_file_optimizers(self) -> dict[str, Any]:
            return {}  # Vivado's and Vitis's own passes are used under their own names

        def _register_flows(self) -> None:
            self._default_flow, self._writer_flow = _register_flows(self)

        def create_initial_config(self, io_type: str = "io_stream", **options: Any) -> dict[str, Any]:
            """Return the initial configuration; ``io_parallel`` is refused."""
            config: dict[str, Any] = super().create_initial_config(io_type=_stream_only(io_type), **options)
            _choose_parser(config)
            return config

        def build(self, model: Any, **options: Any) -> Any:
            """Write HLS project and RTL, then run Vitis HLS on the project; arguments as hls4ml's Vitis backend."""
            model.write()
            if shutil.which("vitis-run") is None:
                raise UserError(
                    f"no vitis-run found on PATH: the HLS project and the RTL are written to "
                    f"{model.config.get_output_dir()}, but not synthesised: install Vitis, or use the RTL as it is"
                )
            return super().build(model, **options)

    return StreamRTLBackend


def _stream_only(io_type: str) -> str:
    if io_type != "io_stream":
        raise ConfigError(
            f"backend {NAME}: got io_type={io_type!r}, want 'io_stream': the network is a stream"
        )
    return io_type


def _choose_parser(config: dict[str, Any]) -> None:
    """Let hls4ml choose its Keras-2 parser, which it does right after this; ``exact`` puts ``keras`` back."""
    from hls.keras_alias import install, restore
    from hls.readers.parsers import register_handlers

    register_handlers()
    config["StreamRTL"] = partial(restore, install())


def exact(model: Any) -> bool:
    """Derive the NetworkSpec of the parsed graph, keep it with the model, and make the graph exact."""
    from hls.graph import network_spec
    from hls.hls_config import checked
    from hls.keras_model import check
    from hls.mend import mend

    config = model.config.config
    put_back = config.pop("StreamRTL", None)
    if put_back is not None:
        put_back()
    if hasattr(model, "stream_rtl_spec"):
        return False
    checked(config.get("HLSConfig") or {})
    if config.get("KerasModel") is not None:
        check(config["KerasModel"])
    spec = network_spec(model)
    mend(model, spec)
    model.stream_rtl_spec = spec
    model.config.trace_output = True  # code that is off unless a trace is asked for at run time
    return False


def stamp(model: Any) -> bool:
    """Name the library by the network's content (hls4ml's stamp is random)."""
    import hashlib

    import msgspec

    digest = hashlib.sha256(msgspec.json.encode(model.stream_rtl_spec)).hexdigest()
    model.config.config["Stamp"] = digest[:8]
    return False


def _register_layers(backend: Any) -> None:
    from hls4ml.model.optimizer import ModelOptimizerPass

    from hls.backend.exact_layer import register_exact_layer

    register_exact_layer(backend)
    here = Path(__file__).resolve().parent
    backend.register_source(here / "nnet_exact_stream.h")
    backend.register_source(here / "ap_shift_reg.h", destination_dir="ap_types")
    for function in (exact, stamp, _write):
        name = function.__name__.lstrip("_")
        backend.register_pass(name, ModelOptimizerPass(name, function))


def _write(model: Any) -> bool:
    model.config.backend.writer.write_hls(model)
    return True


def _register_flows(backend: Any) -> tuple[str, str]:
    from hls4ml.model.flow import get_flow, register_flow

    def flow(name: str, passes: Any, requires: list[str]) -> str:
        return str(register_flow(name, passes, requires=requires, backend=backend.name))

    own = backend.name.lower()
    first = flow("exact", [f"{own}:exact"], [])
    initial = flow("init_layers", list(get_flow("vivado:init_layers").optimizers), [first])
    checks = flow("validation", list(get_flow("vitis:validation").optimizers), [initial])
    types = flow("specific_types", [f"vivado:{name}" for name in _TYPES], [initial])
    templates = [get_flow("vivado:apply_templates").optimizers, get_flow("vitis:apply_templates").optimizers]
    ours = flow("apply_templates", [*templates[0], *templates[1], *backend._get_layer_templates()], [types])
    default = flow("ip", None, [first, initial, checks, types, ours])
    return default, flow("write", [f"{own}:stamp", f"{own}:write"], [default])
