"""Deploys the system to AWS and deletes it again: `make deploy`, `make destroy`, `make lambda`.

Runs on the operator's machine, and is part of neither process. It reads the templates in `infra/` and packages folders
of the program; it imports nothing of the program.
"""
