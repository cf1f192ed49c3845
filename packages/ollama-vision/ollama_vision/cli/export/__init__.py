"""`ollama-vision export`: results.jsonl as CSV that Excel and LibreOffice open as it is meant."""
