"""`ollama-vision ask`: its options (options.py) and what it does (command.py)."""
