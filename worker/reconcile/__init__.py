"""Reconciliation: it repairs rows from what MediaConvert says of open jobs. `python -m worker.reconcile` starts it."""
