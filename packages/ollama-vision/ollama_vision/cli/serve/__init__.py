"""`ollama-vision serve`: the embedded server in the foreground."""
