"""Simulates hours of load and outages on the worker's own decision functions; `make scale` writes docs/scale.md."""
