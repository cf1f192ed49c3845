"""Watching folders: which files have come and are whole, told by looks through them when something may have changed."""
