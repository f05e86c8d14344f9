"""DUNE's data formats: WIBEth frames, fragments, trigger primitives, HDF5 files; and the checked reading of them."""
