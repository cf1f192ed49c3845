"""Typer declarations, one file a command: options and help. A command's body is imported when it runs."""
