"""The calls that the service makes to AWS beside its reads of the tables."""
