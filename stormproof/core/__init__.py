"""What every app stands on: facts, delivery, the outbox, the clock, settings, secrets."""
