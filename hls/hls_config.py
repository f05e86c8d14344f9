"""What of hls4ml's configuration has a meaning for exact streaming hardware; the rest is refused by name, or ignored.

| key | meaning here |
|---|---|
| ``LayerName.<layer>.Precision.result`` | a rounding of that layer's result, or the format of an input |
| ``LayerName.<layer>.ReuseFactor`` | clocks per window of the kernel in the RTL; in the HLS project as in hls4ml |
| ``LayerName.<layer>.Strategy`` | Latency or Resource, in the HLS project alone |
| other precisions, ``Model``, ``LayerType`` | ignored: formats follow from the model |
| ``Compression``, other strategies, ``Optimizers``, ``SkipOptimizers``, ``Flows``, ``BitExact: False`` | refused |

>>> checked({"LayerName": {"conv": {"Strategy": "Latency"}}})["LayerName"]
{'conv': {'Strategy': 'Latency'}}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from streams.errors import ConfigError

STRATEGIES = ("latency", "resource")
_REFUSED = ("Optimizers", "SkipOptimizers", "Flows")


def load(given: Path | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return hls4ml's configuration of a YAML or JSON file, or of a mapping.

    Raises
    ------
    ConfigError : no such file, not YAML, or something that ``checked`` refuses.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return checked(given)
    import yaml  # type: ignore[import-untyped]

    try:
        found = yaml.safe_load(given.read_text())
    except OSError as error:
        raise ConfigError(f"cannot read hls_config {given}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"hls_config {given}: {reason}: want YAML or JSON") from error
    if not isinstance(found, dict):
        raise ConfigError(
            f"hls_config {given}: got {type(found).__name__}, want keys such as Model and LayerName"
        )
    return checked(found.get("HLSConfig", found))


def checked(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``config`` as a dict of its own.

    Raises
    ------
    ConfigError : an option that would make the network inexact, or that this backend has not.
    """
    for key in _REFUSED:
        if config.get(key):
            raise ConfigError(f"hls_config: {key} is not supported: the passes of this backend are fixed")
    model = config.get("Model") or {}
    if isinstance(model, Mapping) and model.get("BitExact") is False:
        raise ConfigError("bit_exact=False: backend StreamRTL is always exact: leave it out, or want True")
    for where, options in _all_options(config):
        if not isinstance(options, Mapping):
            raise ConfigError(
                f"hls_config: {where} = {options!r}, want keys such as ReuseFactor and Precision"
            )
        strategy = str(options.get("Strategy", "latency")).lower()
        if strategy not in STRATEGIES:
            raise ConfigError(
                f"hls_config: {where}: Strategy = {options['Strategy']!r}, want Latency or Resource"
            )
        if options.get("Compression"):
            raise ConfigError(f"hls_config: {where}: Compression is not supported: take it out")
    return {key: _copied(value) for key, value in config.items()}


def _all_options(config: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    yield "Model", config.get("Model") or {}
    for group in ("LayerType", "LayerName"):
        for name, options in (config.get(group) or {}).items():
            yield f"{group} {name}", options


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def renamed(config: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return ``config`` with its layers under the names that the model in front of hls4ml has.

    Parameters
    ----------
    names : Keras name -> name in the model given to hls4ml, of all layers.

    Raises
    ------
    ConfigError : a layer that the model has not.

    >>> renamed({"LayerName": {"conv/1": {}, "conv_1_linear": {}}}, {"conv/1": "conv_1"})["LayerName"]
    {'conv_1': {}, 'conv_1_linear': {}}
    """
    layers = config.get("LayerName") or {}
    known = {*names, *names.values()}
    for name in layers:
        # hls4ml's own configuration has an entry for the activation of a layer, under the layer's name and more
        if name not in known and not any(name.startswith(f"{whole}_") for whole in known):
            raise ConfigError(f"hls_config: the model has no layer {name!r}; it has {', '.join(names)}")
    return {**config, "LayerName": {names.get(name, name): options for name, options in layers.items()}}
