from __future__ import annotations

from pathlib import Path

import pytest

from firmware_tests import demo
from streams import toml
from streams.config import SimulationConfig, checked
from streams.errors import ConfigError, UserError
from trigger.config import TrainConfig

CONFIGS = Path(demo.__file__).with_name("demo_configs")


def content(seen: int) -> dict:
    part = {"compared": 5, "mismatches": 0}
    return {
        "verify": {"comparisons": [{"levels": "0 = 1", "outputs": 100_000, "mismatches": 3}]},
        "cosim": {
            "pixels": part, "outputs": part, "records": part, "clocks_per_pixel": 1.0, "latency_clk": 7,
        },
        "plan": {"latency_clk": 7},
        "signal": {"efficiency": {"efficiency": 0.5, "interval_90": [0.4, 0.6], "found": 1, "tried": 2}},
        "background": {
            "background": {
                "candidates": seen, "interval_90_hz_per_10kt": [10.0, 200.0], "exposure_apa_s": 2.0,
                "target_hz_per_10kt": 0.1, "exposure_needed_apa_s": 2435.0,
            }
        },
        "seconds": {"a": 30.0, "b": 60.0},
    }  # fmt: skip


def test_figures_are_those_of_the_reports() -> None:
    rows = demo.summary_rows(content(seen=0))
    assert rows["level 0 = 1"] == "100,000 outputs compared, 3 mismatches"
    assert rows["background rate"].startswith("below 200 Hz per 10 kt (90 %, 0 seen in 2.00 s")
    assert rows["time"] == "1.5 minutes"
    assert demo.summary_rows(content(seen=2))["background rate"].startswith("10 to 200 Hz")


def test_a_failing_step_ends_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_steps", lambda *_: {"impossible": ["inspect", str(tmp_path / "absent.h5")]})
    with pytest.raises(UserError, match="step 'impossible' ended with exit code 1"):
        demo.run(tmp_path / "new" / "demo")
    with pytest.raises(ConfigError, match="exists already"):
        demo.run(tmp_path / "new" / "demo")


def test_embedded_configurations_are_valid() -> None:
    for name in ("run", "signal", "background"):
        checked(toml.load(CONFIGS / f"{name}.toml", SimulationConfig))
    toml.load(CONFIGS / "train.toml", TrainConfig)
