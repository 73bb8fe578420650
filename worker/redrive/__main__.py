"""`python -m worker.redrive`."""

from worker.redrive.command import main

main()
