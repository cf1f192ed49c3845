"""Record and replay: a proxy that keeps the exchanges with a real server, and their playback."""
