"""Which pictures there are: files, folders and globs, what is left out and why, and their pages one at a time."""
