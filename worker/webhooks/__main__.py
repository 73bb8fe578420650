"""`python -m worker.webhooks`."""

from worker.webhooks.command import main

main()
