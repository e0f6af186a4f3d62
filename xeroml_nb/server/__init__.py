"""The FastAPI app over a store, which speaks the API that this package sends to."""
