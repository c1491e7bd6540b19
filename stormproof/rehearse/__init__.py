"""LEARN: breaks something on purpose, lets the loop run and measures it against the promise.

Decides: whether an exercise may run now, when its fault is injected, when the shop has recovered, what it lost, whether
it passed, and that everything broken on purpose is put back.
"""
