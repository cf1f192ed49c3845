"""Decoders: a file of each kind -> its pages or frames as rasters."""
