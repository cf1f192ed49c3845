"""`ollama-vision pull`: download a model to the server, with progress."""
