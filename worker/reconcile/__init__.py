"""Mends rows from MediaConvert's own record: `python -m worker.reconcile`."""
