"""Looks into dead-letter queues, and sends back: `python -m worker.redrive`."""
