"""What a run in parts is made of: input files, spans, who makes it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from streams.cluster.run import run_of
from streams.cluster.version import inputs_of, located
from streams.cluster.whole import Where
from streams.config import ElectronicsConfig, SimulationConfig
from streams.errors import ConfigError
from streams.signals import CalibrationSignal
from streams.tests.cluster_runs import CONFIG


def test_files_that_the_configuration_names_are_part_of_the_run(tmp_path: Path, monkeypatch) -> None:
    table, other = tmp_path / "map.txt", tmp_path / "other.txt"
    for path in (table, other):
        path.write_text(path.name)
    monkeypatch.chdir(tmp_path)
    config = SimulationConfig(
        channel_map="map.txt",
        electronics=ElectronicsConfig(field_response="other.txt", noisy_channels={3: 2.0}),
        signals=(CalibrationSignal("gamma", 1.0, 5.0, position_mm=(1.0, 2.0, 3.0)),),
    )
    assert inputs_of(config) == {p.name: hashlib.sha256(p.name.encode()).hexdigest() for p in (table, other)}
    found = located(config, {"map.txt": str(table)})
    assert found == msgspec.structs.replace(config, channel_map=str(table))
    assert inputs_of(SimulationConfig()) == {}


@pytest.mark.parametrize(("span_ms", "windows"), [(0.001, 1), (0.2, 3), (50.0, 10), (float("inf"), 10)])
def test_a_span_is_whole_windows(span_ms: float, windows: int) -> None:
    config = SimulationConfig(windows=10, window_blocks=2)  # 0.0655 ms
    assert run_of(config, 1, span_ms).span_windows == windows


@pytest.mark.parametrize("span_ms", [0.0, -1.0, float("nan")])
def test_a_span_of_no_length_is_refused(span_ms: float) -> None:
    with pytest.raises(ConfigError, match="--span-ms: got"):
        run_of(CONFIG, 1, span_ms)


def test_where_is_said_once() -> None:
    from streams.cluster.command import Options, where_of

    assert where_of(Options(apas=150, workers=4)) == Where("", 4)
    with pytest.raises(ConfigError, match="--scheduler and --serial: got both"):
        where_of(Options(scheduler="tcp://host:1", serial=True))
