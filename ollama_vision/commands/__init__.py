"""The commands, one to a file: its options and its help. What it does is in a room that is imported when it runs."""
