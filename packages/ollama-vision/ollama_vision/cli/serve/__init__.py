"""`ollama-vision serve`: its options (options.py) and what it does (command.py)."""
