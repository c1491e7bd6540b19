"""LEARN: decides what is learned from an incident or a drill, who does what about it, and when that is overdue."""
