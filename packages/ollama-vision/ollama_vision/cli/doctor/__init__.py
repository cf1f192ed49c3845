"""`ollama-vision doctor`: diagnosis of everything that an answer about a picture depends on, in its order."""
