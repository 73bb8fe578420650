"""Inspection and redrive of the dead-letter queues: `python -m worker.redrive`."""
