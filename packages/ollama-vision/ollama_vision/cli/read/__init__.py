"""`ollama-vision read`: documents to Markdown, with a verdict for each page."""
