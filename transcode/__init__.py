"""What both the service and the worker know about an upload and its job; knows nothing of either."""
