"""Inputs: whatever a caller passes (paths, bytes, URLs, arrays, PIL images) -> the bytes behind it."""
