"""OBSERVE: decides whether a monitored thing is up, and keeps what was observed."""
