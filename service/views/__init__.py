"""The views: request and response bodies, and how they are derived from the model. Pure."""
