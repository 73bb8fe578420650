"""Uses a deployed system through its public address, and reports what works: `make prove`."""
