"""ASGI middleware that every request passes: body limits, security headers, the request log."""
