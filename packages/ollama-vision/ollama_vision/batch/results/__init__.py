"""results.jsonl: an append-only log under an advisory lock, with checkpoints that a run goes on from."""
