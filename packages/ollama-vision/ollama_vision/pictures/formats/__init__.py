"""File formats read without decoding: magic numbers, headers, integrity checks, metadata."""
