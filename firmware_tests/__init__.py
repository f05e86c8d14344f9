"""Co-simulation: every RTL module and the whole chain against the integer references."""
