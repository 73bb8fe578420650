"""The ways of a file into the input bucket."""
