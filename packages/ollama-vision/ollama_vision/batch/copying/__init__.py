"""Deduplication of a run: which pictures have another one's answer, since their bytes or their looks are the same."""
