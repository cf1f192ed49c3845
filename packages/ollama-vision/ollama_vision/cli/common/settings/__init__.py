"""`ollama-vision.toml`: options that are always meant (file.py), and what of them holds for a command (applied.py)."""
