"""Checks of an account before a deployment: `make preflight`. They only read."""
