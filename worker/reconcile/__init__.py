"""Reconciliation: it repairs rows from MediaConvert's list of jobs. `python -m worker.reconcile` starts it."""
