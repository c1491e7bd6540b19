"""RESPOND: decides what is an incident, what caused it, who is paged and when it is over."""
