"""Side-by-side measurements: `make bench`. Each thing measured is a process of its own; README.md explains the rows."""
