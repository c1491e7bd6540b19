"""LEARN: turns incidents and drills into lessons and actions with owners."""
