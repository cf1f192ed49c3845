"""HTTP: the ASGI application, the middleware before it, and the uvicorn server that runs both."""
