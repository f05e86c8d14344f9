"""From charge at the wires to shaped waveforms: field response, cold electronics, sums per channel."""

from streams.response.collection import collection_kernel, fine_response, induced_current
from streams.response.electronics import cold_electronics

__all__ = ["cold_electronics", "collection_kernel", "fine_response", "induced_current"]
