"""Every route of the API, and what the routes share: dependencies, errors, the OpenAPI document and middleware."""
