"""The audit: what is left of deleted uploads, and what belongs to no upload. `python -m worker.audit` starts it."""
