"""`ollama-vision models`: its options (options.py) and what it does (command.py)."""
