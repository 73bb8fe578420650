"""`python -m worker.backfill`."""

from worker.backfill.command import main

main()
