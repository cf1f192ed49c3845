"""`ollama-vision ask`: one question about pictures, one answer."""
