"""Pictures asked about: by the host that is least busy, a circuit breaker for each, and each failure blamed rightly."""
