"""Many assemblies and spans of time, on the cores of one machine or on a cluster."""
