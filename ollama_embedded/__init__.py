"""A small Ollama."""
