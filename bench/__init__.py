"""Benchmarks: `make bench`. Each measured program is a process of its own; README.md explains the rows."""
