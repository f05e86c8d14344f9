"""Synthesis of the RTL: Yosys (UltraScale+ and ECP5), nextpnr (ECP5), and a vendor's tool where it is installed."""
