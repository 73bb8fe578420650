"""Signed webhooks: their queues, their delivery, and the command `python -m worker.webhooks`."""
