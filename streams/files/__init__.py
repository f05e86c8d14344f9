"""Files of a run: written in DUNE's layout, read back whatever state they are in."""
