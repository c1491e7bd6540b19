"""Durable work: tasks, timers and how they are deferred (procrastinate over PostgreSQL)."""

from __future__ import annotations

import procrastinate


def on_app_ready(app: procrastinate.App) -> None:
    """Called by procrastinate once its app is ready."""
