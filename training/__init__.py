"""Makes the demo model from nothing: drawn scenes, a tiny vision-language model, GGUF, and how often it is right."""
