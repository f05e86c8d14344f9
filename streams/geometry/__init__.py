"""Where the wires of the detector are, what they belong to, and which of them a place lies over."""
