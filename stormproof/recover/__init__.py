"""RESPOND: procedures that run, step by step, and survive the death of their worker.

This app decides what a procedure may hold, which step of a run comes next, whether an interrupted step may run again,
when a person has to decide, and what is undone. It never runs a step twice without saying so.
"""
