"""Questions about scenes with their one right answers: kinds, subjects, wordings, typing noise."""
