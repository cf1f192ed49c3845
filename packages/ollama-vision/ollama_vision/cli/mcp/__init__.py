"""`ollama-vision mcp`: its options (options.py) and what it does (command.py)."""
