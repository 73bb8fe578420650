"""The Python client of the API and the `upload` command. Imports nothing of the program."""
