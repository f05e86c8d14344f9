"""Neutrinos of supernovae and of the sun in argon: cross-sections, fluxes, rates, products of an interaction."""
