"""`ollama-vision models`: the models on the server, those that see first."""
