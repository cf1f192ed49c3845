"""`ollama-vision describe`: one question to each picture of a folder."""
