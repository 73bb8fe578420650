"""The service's calls to AWS, except for those to the tables."""
