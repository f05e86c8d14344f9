"""Cold electronics: area and peak of every setting, and which scale applies."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from streams.config import ElectronicsConfig
from streams.detector import load_detector
from streams.errors import ConfigError
from streams.response.electronics import (
    GAINS_MV_PER_FC,
    PEAKING_US,
    area_adc_tick,
    chain,
    cold_electronics,
    configured,
)

PRESET = load_detector("fd1-hd-apa").electronics


# Reference sections 9.1.6 and 9.6: nominal area at 512 ns.
@pytest.mark.parametrize(("gain", "area"), [(14.0, 143.1), (7.8, 79.7)])
def test_nominal_area(gain, area):
    config = ElectronicsConfig(gain_mv_per_fc=gain, shaper="nominal")
    assert area_adc_tick(configured(PRESET, config), 512.0) == pytest.approx(area, rel=0.005)


@pytest.mark.parametrize(("gain", "area"), [(14.0, 130.1), (7.8, 72.6)])  # pulser of ProtoDUNE-HD (LARDON)
def test_measured_area(gain, area):
    at_preset = configured(PRESET, ElectronicsConfig(gain_mv_per_fc=gain))
    assert area_adc_tick(at_preset, 512.0) == pytest.approx(area, rel=0.005)
    # The chip's own setting is 2 us, and the formula has the pulser's area there without any factor.
    at_chip = configured(PRESET, ElectronicsConfig(gain_mv_per_fc=gain, peaking_us=2.0))
    assert area_adc_tick(at_chip, 512.0) == pytest.approx(area, rel=0.005)


@pytest.mark.parametrize("gain", GAINS_MV_PER_FC)
@pytest.mark.parametrize("peaking", PEAKING_US)
def test_every_setting_scales(gain, peaking):
    one = chain(gain, peaking, PRESET.uv_per_adc, 1.0)
    time = np.arange(0, 12, 0.0005)
    pulse = cold_electronics(time, peaking)
    # Wire-Cell's formula peaks at 2.58/2.2 = 1.173 of its time, whatever that is (reference section 6).
    assert pulse.max() == pytest.approx(1, abs=1e-3)
    assert time[pulse.argmax()] == pytest.approx(1.173 * peaking, abs=0.003 * peaking)
    assert abs(pulse[time > 9.99]).max() < 1e-3  # nothing is cut off
    assert not pulse[time > 10].any()
    # 1000 electrons are 0.16022 fC; 85.45 uV per count
    assert 1000 * one.adc_per_electron == pytest.approx(gain * 0.16022 / 0.08545, rel=1e-3)
    assert area_adc_tick(one, 512.0) == pytest.approx(143.1 * gain / 14 * peaking / 2.2, rel=0.002)


def test_bare_shaper_peaks_as_published():
    one = configured(PRESET, ElectronicsConfig(shaper="nominal"))
    assert 1000 * one.adc_per_electron == pytest.approx(26.25, rel=0.001)  # reference section 9.6


@pytest.mark.parametrize(
    ("name", "value"), [("gain_mv_per_fc", 10.0), ("peaking_us", 2.5), ("peaking_us", float("nan"))]
)
def test_settings_the_chip_does_not_have(name, value):
    config = msgspec.structs.replace(ElectronicsConfig(), **{name: value})
    with pytest.raises(ConfigError, match=rf"electronics\.{name}: got {value:g}, allowed are "):
        configured(PRESET, config)
