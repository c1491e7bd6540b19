"""The door for programs: `/api/v1`, typed, with OpenAPI and a docs page."""
