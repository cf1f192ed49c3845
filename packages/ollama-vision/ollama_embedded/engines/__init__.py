"""Engines (model backends): llama.cpp on a GGUF model, or a script; and the interface of both."""
