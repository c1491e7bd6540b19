"""Reports that the server has not got yet, on disk: they survive kill -9, go out in order, and cannot fill the disk."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

MOST_KEPT = 50_000  # at 15 s more than eight days; about 25 MB


class Buffer:
    """A queue in one file. A report is on the disk when `add` returns; the oldest go when there are too many."""

    def __init__(self, folder: Path, *, most: int = MOST_KEPT) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._most = most
        self._file = sqlite3.connect(folder / "reports.sqlite3", isolation_level=None, timeout=10)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=FULL")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS report (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)"
        )

    def __len__(self) -> int:
        return int(self._file.execute("SELECT count(*) FROM report").fetchone()[0])

    def add(self, report: dict[str, Any]) -> None:
        """Keep a report."""
        self._file.execute("BEGIN IMMEDIATE")
        added = self._file.execute("INSERT INTO report (body) VALUES (?)", [json.dumps(report)]).lastrowid or 0
        self._file.execute("DELETE FROM report WHERE id <= ?", [added - self._most])
        self._file.execute("COMMIT")

    def oldest(self, number: int) -> tuple[int, list[dict[str, Any]]]:
        """The oldest reports in order, and the mark to let go of them with; (0, []) when there is none."""
        rows = self._file.execute("SELECT id, body FROM report ORDER BY id LIMIT ?", [number]).fetchall()
        return (rows[-1][0] if rows else 0), [json.loads(body) for _, body in rows]

    def let_go(self, mark: int) -> None:
        """Forget the reports up to `mark`: the server has them."""
        self._file.execute("DELETE FROM report WHERE id <= ?", [mark])

    def close(self) -> None:
        """Close the file."""
        self._file.close()
