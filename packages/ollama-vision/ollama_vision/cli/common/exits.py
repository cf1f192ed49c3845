"""Exit codes, and what they mean to a script."""

from __future__ import annotations

DONE = 0
FAILED = 1
"""There is no answer, or not to all that was asked."""
WRONG_COMMAND_LINE = 2
STOPPED = 2
"""A run was stopped by what is no picture's fault: nothing is written down for pictures that were not asked."""
INTERRUPTED = 130
"""What shells report of a program that Ctrl-C ended."""
