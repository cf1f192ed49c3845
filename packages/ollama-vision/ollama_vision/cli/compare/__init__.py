"""`ollama-vision compare`: results against labels, as a table, as JSON and as a page."""
