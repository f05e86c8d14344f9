"""The bench that travels: numpy, cocotb and a simulator are all it needs.

It is the package ``hls.bench`` here, and ``bench`` in the ``cocotb`` folder that ``hls.suite`` writes beside the RTL.
"""
