"""The HTTP service: one FastAPI application, built by `create_app`."""
