"""Bytes of an assembly's streams to samples: checks, order, counts of what is missing."""
