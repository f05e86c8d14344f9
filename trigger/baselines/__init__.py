"""DUNE's trigger-primitive algorithms, bit for bit: a clear version to read and a fast one to run, equal.

A chain is a list of small steps (pedestal, running sum, second pedestal, threshold) and a closing that turns what
is over threshold into hits. Each step stands in a file of its own, one sample at a time: ``pedestal``,
``running_sum``, ``threshold``, ``hits``. ``clear`` runs a chain over the frames of a stream.
"""
