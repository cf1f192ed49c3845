"""The data set: random scenes, drawn, disturbed, scaled as llama.cpp scales them, and kept in shards."""
