"""DUNE's trigger activities and candidates: one file per algorithm, found by entry point ``lartrig.activities``."""
