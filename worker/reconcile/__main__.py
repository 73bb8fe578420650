"""`python -m worker.reconcile`."""

from worker.reconcile.runner import main

main()
