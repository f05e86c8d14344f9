"""Faults on request: what happens to which frame, and the ledger of it."""
