"""The backfill: jobs for objects that were in the input bucket before. `python -m worker.backfill` starts it."""
