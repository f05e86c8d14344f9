"""Arithmetic kernels: programs of integer operations, and the SystemVerilog that carries them out."""
