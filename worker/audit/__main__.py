"""`python -m worker.audit`."""

from worker.audit.command import main

main()
