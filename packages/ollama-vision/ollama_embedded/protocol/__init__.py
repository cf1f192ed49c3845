"""Ollama's protocol, sans I/O: requests parsed and checked, the replies about models, JSON as Go writes it."""
