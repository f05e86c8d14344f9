"""Waveforms that a detector recorded, brought into the stream."""
