"""From charge at the wires to shaped waveforms: field response, cold electronics, sums per channel."""
