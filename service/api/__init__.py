"""Every route of the API, and what all routes share: dependencies, errors, the OpenAPI document, middleware."""
