"""`ollama-vision export`: its options (options.py) and what it does (command.py)."""
