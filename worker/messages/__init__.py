"""The messages of the queues: their formats, and the events that they become."""
