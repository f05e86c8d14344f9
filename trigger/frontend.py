"""The front end: pedestal subtraction, sum of ticks, 8-bit pixels. Reference of ``hls/rtl/pedestal_bins.sv``.

``FrontEnd`` is written for reading, one sample at a time; ``FastFrontEnd`` is its compiled twin, equal bit for
bit. All arithmetic is on integers: sums are exact, the shift is arithmetic (towards minus infinity) after adding
half of its step (``RND``), and a pixel saturates at both ends (``SAT``).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numba
import numpy as np
from numpy.typing import NDArray

from streams.block import TICKS_PER_BLOCK
from trigger.beats import ADC_BITS

PIXEL_MAX = 255  # 8 bits, unsigned


class FrontEndConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the front end.

    Attributes
    ----------
    accumulator_limit : the pedestal moves by one ADC count when more than this many samples net lie on one side
        of it (DUNE-DAQ/fdreadoutlibs: 10).
    ticks_per_pixel : ticks summed into a pixel; divides 64.
    shift : a pixel count is ``2**shift`` ADC tick (5: 32; noise of 53 ADC tick is 1.7 counts).
    offset : pixel value of a sum of 0.

    >>> FrontEndConfig().half
    16
    """

    accumulator_limit: int = 10
    ticks_per_pixel: int = 8
    shift: int = 5
    offset: int = 16

    def __post_init__(self) -> None:
        allowed = {"accumulator_limit": (1, 1023), "shift": (0, 15), "offset": (0, PIXEL_MAX)}
        for name, (low, high) in allowed.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"front_end.{name} = {value}, want {low} to {high}")
        if self.ticks_per_pixel < 1 or TICKS_PER_BLOCK % self.ticks_per_pixel:
            raise ValueError(f"front_end.ticks_per_pixel = {self.ticks_per_pixel}, want a divisor of 64")

    @property
    def half(self) -> int:
        """Half a pixel count [ADC tick], added before the shift."""
        return (1 << self.shift) >> 1


@dataclass
class FrugalPedestal:
    """The pedestal of one channel: it follows the median in steps of one ADC count.

    It starts at the channel's first sample, and is updated with a sample before it is subtracted from it
    (DUNE-DAQ/fdreadoutlibs and tpglibs).

    >>> p = FrugalPedestal(limit=2)
    >>> [p.step(x) for x in (100, 103, 103, 103, 103)]
    [0, 3, 3, 2, 2]
    """

    limit: int
    pedestal_adc: int | None = None
    accumulator: int = 0

    def step(self, sample_adc: int) -> int:
        """Return ``sample - pedestal`` [ADC counts] after updating the pedestal with the sample."""
        if self.pedestal_adc is None:
            self.pedestal_adc = sample_adc
        self.accumulator += (sample_adc > self.pedestal_adc) - (sample_adc < self.pedestal_adc)
        if self.accumulator > self.limit:
            self.pedestal_adc, self.accumulator = self.pedestal_adc + 1, 0
        elif self.accumulator < -self.limit:
            self.pedestal_adc, self.accumulator = self.pedestal_adc - 1, 0
        return sample_adc - self.pedestal_adc


class FrontEnd:
    """Blocks of samples in, rows of pixels out; the pedestals live on from block to block.

    Attributes
    ----------
    made, saturated, clipped_low : pixels made so far, those above 255, and those below 0.

    >>> fe = FrontEnd()
    >>> fe.pixels(np.full((64, 8), 900, np.uint16))[0]
    array([16, 16, 16, 16, 16, 16, 16, 16], dtype=uint8)
    """

    def __init__(self, config: FrontEndConfig | None = None) -> None:
        self.config = config or FrontEndConfig()
        self.made = self.saturated = self.clipped_low = 0
        self.restart()

    def restart(self) -> None:
        """Begin a new window: each channel's pedestal starts at its next sample."""
        self._channels: list[FrugalPedestal] = []

    @property
    def pedestals(self) -> NDArray[np.int32] | None:
        """The pedestal of each channel, None before the first block of a window."""
        if not self._channels:
            return None
        return np.array([channel.pedestal_adc for channel in self._channels], np.int32)

    def pixels(self, adc: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Turn a block into pixels.

        Parameters
        ----------
        adc : uint16 array, (64, n_channels), ADC counts below 2**14.

        Returns
        -------
        uint8 array, (64 / ticks_per_pixel, n_channels).
        """
        check_samples(adc)
        if not self._channels:
            self._channels = [FrugalPedestal(self.config.accumulator_limit) for _ in range(adc.shape[1])]
        ticks = self.config.ticks_per_pixel
        out = np.zeros((adc.shape[0] // ticks, adc.shape[1]), np.uint8)
        for channel, pedestal in enumerate(self._channels):
            for row in range(out.shape[0]):
                samples = adc[row * ticks : (row + 1) * ticks, channel]
                out[row, channel] = self._pixel(sum(pedestal.step(int(sample)) for sample in samples))
        return out

    def _pixel(self, total_adc_tick: int) -> int:
        value = ((total_adc_tick + self.config.half) >> self.config.shift) + self.config.offset
        self.made += 1
        self.saturated += value > PIXEL_MAX
        self.clipped_low += value < 0
        return min(max(value, 0), PIXEL_MAX)


class FastFrontEnd:
    """``FrontEnd`` compiled: the same methods, counters and numbers.

    >>> FastFrontEnd().pixels(np.full((64, 8), 900, np.uint16)).shape
    (8, 8)
    """

    def __init__(self, config: FrontEndConfig | None = None) -> None:
        self.config = config or FrontEndConfig()
        self.made = self.saturated = self.clipped_low = 0
        self.restart()

    def restart(self) -> None:
        """Begin a new window: each channel's pedestal starts at its next sample."""
        self._pedestal: NDArray[np.int32] | None = None

    @property
    def pedestals(self) -> NDArray[np.int32] | None:
        """The pedestal of each channel, None before the first block of a window."""
        return None if self._pedestal is None else self._pedestal.copy()

    def pixels(self, adc: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Turn a block into pixels, as ``FrontEnd.pixels`` does."""
        check_samples(adc)
        if self._pedestal is None:
            self._pedestal = adc[0].astype(np.int32)
            self._accumulator = np.zeros(adc.shape[1], np.int32)
        c = self.config
        out = np.empty((adc.shape[0] // c.ticks_per_pixel, adc.shape[1]), np.uint8)
        settings = (c.accumulator_limit, c.ticks_per_pixel, c.shift, c.offset)
        high, low = _fast_pixels(adc, self._pedestal, self._accumulator, settings, out)
        self.made += out.size
        self.saturated += high
        self.clipped_low += low
        return out


def check_samples(adc: NDArray[np.uint16]) -> None:
    """Raise ``ValueError`` unless ``adc`` is a block of 64 ticks of 14-bit samples."""
    if adc.ndim != 2 or adc.shape[0] != TICKS_PER_BLOCK:
        raise ValueError(f"a block has shape {adc.shape}, want ({TICKS_PER_BLOCK}, channels)")
    if adc.size and int(adc.max()) >> ADC_BITS:
        raise ValueError(f"a sample is {int(adc.max())}, want less than {1 << ADC_BITS} (14 bits)")


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _fast_pixels(
    adc: NDArray[np.uint16],
    pedestal: NDArray[np.int32],
    accumulator: NDArray[np.int32],
    settings: tuple[int, int, int, int],
    out: NDArray[np.uint8],
) -> tuple[int, int]:
    """Fill ``out``, update the state in place, return (saturated, clipped_low)."""
    limit, ticks, shift, offset = settings
    half = (1 << shift) >> 1
    high = low = 0
    total = np.zeros(adc.shape[1], np.int32)
    for tick in range(adc.shape[0]):
        for c in range(adc.shape[1]):
            sample = np.int32(adc[tick, c])
            if sample > pedestal[c]:
                accumulator[c] += 1
            elif sample < pedestal[c]:
                accumulator[c] -= 1
            if accumulator[c] > limit:
                pedestal[c] += 1
                accumulator[c] = 0
            elif accumulator[c] < -limit:
                pedestal[c] -= 1
                accumulator[c] = 0
            total[c] += sample - pedestal[c]
        if (tick + 1) % ticks == 0:
            for c in range(adc.shape[1]):
                value = ((total[c] + half) >> shift) + offset
                high += value > 255
                low += value < 0
                out[tick // ticks, c] = min(max(value, 0), 255)
                total[c] = 0
    return high, low
