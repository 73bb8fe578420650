"""ASGI middleware for every request: body limits, security headers, and the request log."""
