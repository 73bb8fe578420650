"""Brings the system to AWS and takes it away again: `make deploy`, `make destroy`, `make lambda`.

Runs on the machine of whoever deploys, and is part of neither process. It knows the templates in `infra/` and the
folders that it packs; it imports nothing of the program.
"""
