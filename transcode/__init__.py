"""The model of uploads and jobs, and the stores that the service and the worker share. Imports neither of the two."""
