"""Simple alternatives to this system, as people first write them; bench/README.md explains each."""
