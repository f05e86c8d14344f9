"""What ``lartrig train`` reads: the simulation of the training images, the network, the training.

>>> NetworkConfig().filters, TrainingConfig().epochs
((8, 12, 16), 8)
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from streams.config import SimulationConfig
from trigger.frontend import FrontEndConfig

Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Bits = Annotated[int, Meta(ge=2, le=16)]


class NetworkConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The network's shape and formats; a 2 x 2 pooling follows the first and the second convolution.

    Attributes
    ----------
    filters, kernels : of each convolution, in order; the 1 x 1 output comes after them.
    weight_bits : bits of every weight, in [-1, 1).
    bias_bits : bits of every bias, in [-32, 32).
    relu : (bits, integer bits) of the activations, unsigned.
    """

    filters: tuple[int, ...] = (8, 12, 16)
    kernels: tuple[int, ...] = (3, 3, 3)
    weight_bits: Bits = 6
    bias_bits: Bits = 10
    relu: tuple[int, int] = (6, 5)


class SampleConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many frames are simulated, and how rich they are.

    Attributes
    ----------
    training_frames, validation_frames : frames of 512 ticks with interactions over background.
    background_frames : frames without interactions, on which the threshold is chosen.
    signal_rate_hz : interactions per second in training and validation frames.
    boost : factor on the simulation's rate of a background, by its name or group; in rates every count of it is
        divided by this factor again.
    processes : simulations at a time; the result does not depend on it.
    """

    training_frames: Count
    validation_frames: Count
    background_frames: Count
    signal_rate_hz: Positive
    boost: dict[str, Annotated[float, Meta(ge=1)]] = {}
    processes: Count = 2


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the weights are found.

    Attributes
    ----------
    crop_columns : width of a training crop; a multiple of 4.
    quiet_crops : fraction of the crops with neither interaction nor boosted background that is kept.
    cut_frames : fraction of the frames that end early, as the last frame of a window does.
    positive_weight : weight of a positive cell in the loss; a negative one has 1.
    """

    epochs: Count = 8
    batch: Count = 32
    learning_rate: Positive = 2e-3
    crop_columns: Annotated[int, Meta(ge=64, multiple_of=4)] = 160
    quiet_crops: Annotated[float, Meta(ge=0, le=1)] = 0.25
    cut_frames: Annotated[float, Meta(ge=0, le=1)] = 0.05
    positive_weight: Positive = 8.0


class TrainConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole training run. ``simulation.seed``, ``signals`` and ``planes`` are replaced for each piece of it.

    Attributes
    ----------
    seed : of the weights, the crops and the order of training; the simulations' seeds follow from it.
    target_hz_per_10kt : estimated background rate that the threshold has to keep.
    validation_images : images written beside the model, for the proofs.
    """

    seed: Annotated[int, Meta(ge=0)]
    simulation: SimulationConfig
    front_end: FrontEndConfig = FrontEndConfig()
    network: NetworkConfig = NetworkConfig()
    sample: SampleConfig
    training: TrainingConfig = TrainingConfig()
    target_hz_per_10kt: NotNegative = 100.0
    validation_images: Annotated[int, Meta(ge=32)] = 32
