"""`ollama-vision eyetest`: how small things and letters a model still tells, as a table, as JSON and as a page."""
