"""The simulation against published numbers: rows of a table, plots, and the command that makes them."""
