"""continuity.yaml: reading it with its lines, checking it, the difference to the database, writing it back."""
