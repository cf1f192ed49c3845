"""`ollama-vision watch`: what is in a folder is described, and then what comes into it."""
