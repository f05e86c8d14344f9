"""Simulate, write, read and replay the detector's readout stream."""
