"""The sliding time window of TAs, and the two kinds of TC makers that use it.

Source: DUNE-DAQ/triggeralgs @ab71739b src/TAWindow.cpp; src/TCMakerHorizontalMuonAlgorithm.cpp and
...ChannelAdjacency (``Triggering``), src/TCMakerPlaneCoincidenceAlgorithm.cpp and ...MichelElectron (``Passing``).

>>> from streams.daq.tp import TP
>>> from streams.daq.trigger_objects import TA
>>> ta = Activity(np.zeros(1, TA)[0], np.zeros(1, TP))
>>> ta.data["adc_integral"] = 7
>>> maker = Triggering(TriggerOn(trigger_on_adc=True, adc_threshold=10), (8, 7))
>>> [len(tc.inputs) for tc in maker([ta, ta, ta])]
[2]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trigger.activities.base import U16, U32, U63, Activity, Candidate, Parameters
from trigger.activities.rows import end_time
from trigger.activities.tc_rows import candidate

MASK64 = 2**64 - 1


class TriggerOn(Parameters, frozen=True, kw_only=True):
    """Parameters of the TC makers with a window; the defaults are the same in all four of upstream's headers."""

    trigger_on_adc: bool = False  # TCs of TAs with much charge
    trigger_on_n_channels: bool = False  # TCs of TAs on many channels
    adc_threshold: U32 = 1_200_000  # a TC needs more [ADC counts, sum of integrals]
    n_channels_threshold: U16 = 600  # a TC needs more [channels]
    window_length: U63 = 80_000  # [62.5 MHz counts]


class TaWindow:
    """TAs in the order of their starts, the sum of their charges (64 bits) and the TPs on each channel.

    ``keeps_start``, as upstream's window of MichelElectron: when it slides past all its TAs, it keeps its old start.
    """

    def __init__(self, keeps_start: bool = False) -> None:
        self.inputs: list[Activity] = []
        self.start = self.charge = 0
        self.hits: dict[int, int] = {}
        self.keeps_start = keeps_start

    def clear(self) -> None:
        """Forget all."""
        self.inputs, self.hits = [], {}
        self.start = self.charge = 0

    def reset(self, ta: Activity) -> None:
        """Start anew with one TA."""
        self.clear()
        self.start = int(ta.data["time_start"])
        self.add(ta)

    def add(self, ta: Activity) -> None:
        """Put in a TA behind those that start no later."""
        self.charge = (self.charge + int(ta.data["adc_integral"])) & MASK64
        self._count(ta, 1)
        start = int(ta.data["time_start"])
        at = next(
            (n for n, one in enumerate(self.inputs) if start < one.data["time_start"]), len(self.inputs)
        )
        self.inputs.insert(at, ta)

    def covers(self, ta: Activity, length: int) -> bool:
        """Say whether a TA starts less than ``length`` after the window does, in unsigned 64 bits."""
        return (int(ta.data["time_start"]) - self.start) & MASK64 < length

    def move(self, ta: Activity, length: int) -> None:
        """Drop the TAs at the front that start too long before ``ta``, then put it in."""
        start = int(ta.data["time_start"])
        while self.inputs and (start - int(self.inputs[0].data["time_start"])) & MASK64 >= length:
            old = self.inputs.pop(0)
            self.charge = (self.charge - int(old.data["adc_integral"])) & MASK64
            self._count(old, -1)
        if self.inputs:
            self.start = int(self.inputs[0].data["time_start"])
        elif not self.keeps_start:
            self.reset(ta)
            return
        self.add(ta)

    def _count(self, ta: Activity, sign: int) -> None:
        channels, counts = np.unique(ta.inputs["channel"], return_counts=True)
        for channel, count in zip(channels.tolist(), counts.tolist(), strict=True):
            self.hits[channel] = self.hits.get(channel, 0) + sign * count
            if not self.hits[channel]:
                del self.hits[channel]


class Triggering:
    """TCs as soon as the TAs in the window are enough; they are then forgotten (HorizontalMuon, ChannelAdjacency).

    The TC ends with the latest of the ends of its TAs and the start of the last TP of the last TA.
    """

    def __init__(self, settings: TriggerOn, kind: tuple[int, int]) -> None:
        self.settings, self.kind = settings, kind
        self.window = TaWindow()

    def __call__(self, activities: Sequence[Activity]) -> list[Candidate]:
        """Return the TCs that end with one of ``activities``."""
        return [made for ta in activities if (made := self._take(ta)) is not None]

    def _take(self, ta: Activity) -> Candidate | None:
        window, settings = self.window, self.settings
        if not window.inputs:
            window.reset(ta)
        elif window.covers(ta, settings.window_length):
            window.add(ta)
        else:
            window.move(ta, settings.window_length)
        much = settings.trigger_on_adc and window.charge > settings.adc_threshold
        many = settings.trigger_on_n_channels and len(window.hits) > settings.n_channels_threshold
        if not much and not many:
            return None
        last = int(window.inputs[-1].inputs["time_start"][-1])
        end = max(last, *(int(one.data["time_end"]) for one in window.inputs))
        made = candidate(window.inputs, self.kind, (window.start, end, window.start))
        window.clear()
        return made


class Passing:
    """A TC of each TA, or of the TAs of a window with much charge, when it is over (PlaneCoincidence, MichelElectron).

    The TC ends with the end of the last TP of its last TA. As upstream: with ``trigger_on_n_channels`` there is no TC.
    """

    def __init__(self, settings: TriggerOn, kind: tuple[int, int], keeps_start: bool) -> None:
        self.settings, self.kind = settings, kind
        self.window = TaWindow(keeps_start)

    def __call__(self, activities: Sequence[Activity]) -> list[Candidate]:
        """Return the TCs that end with one of ``activities``."""
        return [made for ta in activities if (made := self._take(ta)) is not None]

    def _take(self, ta: Activity) -> Candidate | None:
        window, settings = self.window, self.settings
        if not window.inputs:
            window.reset(ta)
            return None if settings.trigger_on_adc or settings.trigger_on_n_channels else self._made(None)
        if window.covers(ta, settings.window_length):
            window.add(ta)
        elif settings.trigger_on_adc and window.charge > settings.adc_threshold:
            return self._made(ta)
        else:
            window.move(ta, settings.window_length)
        return None

    def _made(self, following: Activity | None) -> Candidate:
        window = self.window
        end = int(end_time(window.inputs[-1].inputs[-1:])[0])
        made = candidate(window.inputs, self.kind, (window.start, end, window.start))
        window.clear()
        if following is not None:
            window.reset(following)
        return made
