"""Prompts with placeholders: parsed, filled with each picture's own words, and checked before a run."""
