"""What several commands share: servers, screen, words, exit codes, interrupts."""
