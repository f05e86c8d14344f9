"""DUNE's data formats, in bytes: WIBEth frames, headers of fragments and records, trigger primitives and more."""
