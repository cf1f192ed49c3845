"""`ollama-vision search`: answers that have some words, or mean the same, best first."""
