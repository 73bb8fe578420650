"""Computes the monthly cost of a deployment; `make cost` writes docs/cost.md. Only `__main__.py` writes a file."""
