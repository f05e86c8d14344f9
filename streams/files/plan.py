"""What a file of a simulation is to hold, from the simulation's configuration."""

from __future__ import annotations

from pathlib import Path

import msgspec

from streams import channel_map
from streams.channel_map_file import read
from streams.config import SimulationConfig
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.files.writer import Plan


def plan_of(config: SimulationConfig) -> Plan:
    """Return the plan of the file that holds all windows of ``config``.

    >>> plan_of(SimulationConfig(windows=3, crate=5)).crate
    5

    Raises
    ------
    ConfigError : a detector whose channels no published map puts on streams, or a plane is not read out.
    UserError : a channel map that cannot be used.
    """
    detector = load_detector(config.detector)
    planes = {name: plane.channels for name, plane in detector.planes.items()}
    if planes != channel_map.PLANE_CHANNELS:
        raise ConfigError(
            f"a file holds planes {channel_map.PLANE_CHANNELS} of fd1-hd-apa: got detector {config.detector} with "
            f"{planes}, whose channels have no published map: use streams.simulate"
        )
    if set(config.planes) != set(planes):
        raise ConfigError(
            f"planes: got {', '.join(config.planes)}, a file holds all of {', '.join(planes)}: "
            "leave planes out, or use streams.simulate"
        )
    text = msgspec.json.encode(config).decode()
    offline = read(Path(config.channel_map))[config.crate].offline if config.channel_map else None
    return Plan(
        config.windows,
        config.window_blocks,
        config_json=text,
        crate=config.crate,
        offline=offline,
        slices=config.file.layout == "slices",
        plain=config.file.plain,
    )
