"""`ollama-vision pull`: its options (options.py) and what it does (command.py)."""
