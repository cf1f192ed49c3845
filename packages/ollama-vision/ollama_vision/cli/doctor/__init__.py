"""`ollama-vision doctor`: its options (options.py) and what it does (command.py)."""
