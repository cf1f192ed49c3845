"""Rendering: pixels -> the picture that leaves: size, colour, depth, tone mapping, encoding."""
