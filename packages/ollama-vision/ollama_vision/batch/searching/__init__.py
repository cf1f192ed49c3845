"""Full-text search over answers: SQLite's FTS5, on an index that is made anew each time and kept nowhere."""
