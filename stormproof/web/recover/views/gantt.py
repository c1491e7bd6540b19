"""The steps of a run as bars against the promised time: plain figures that the template draws."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stormproof.recover.choices import Direction
from stormproof.recover.models import StepRun
from stormproof.recover.selectors import RunBoard, RunLine
from stormproof.web.words import duration_words

WIDTH = 1000.0
SHORTEST_SPAN = 5.0  # seconds
THINNEST = 4.0


@dataclass(frozen=True)
class Bar:
    """One attempt, or the wait for a person in it."""

    x: float
    width: float
    css: str
    title: str


@dataclass(frozen=True)
class GanttRow:
    """One step with its bars."""

    line: RunLine
    bars: list[Bar]
    seconds: float | None


@dataclass(frozen=True)
class Gantt:
    """All rows, where the promise ends (None: beyond the right edge or nothing promised) and how wide it is."""

    rows: list[GanttRow]
    deadline_x: float | None
    deadline_words: str
    span_words: str


def draw_gantt(board: RunBoard) -> Gantt:
    """The run so far, what is to come as far as is known, and the promise where it fits."""
    begin = board.run.started_at
    ended = board.run.finished_at or board.at
    span = max(SHORTEST_SPAN, (ended - begin).total_seconds() + _to_come(board))
    promised = (board.deadline_at - begin).total_seconds() if board.deadline_at else None
    if promised is not None and 0 <= promised <= span * 4:
        span = max(span, promised)
    span *= 1.04
    scale = WIDTH / span
    rows, cursor = [], (ended - begin).total_seconds()
    for line in board.lines:
        bars = [bar for row in line.rows for bar in _bars(row, begin, board.at, scale)]
        if not bars and board.run.is_active and line.preview.seconds:
            bars = [Bar(cursor * scale, max(THINNEST, line.preview.seconds * scale), "g-to-come", "usually")]
            cursor += line.preview.seconds
        rows.append(GanttRow(line, bars, line.seconds(board.at)))
    fits = promised is not None and 0 <= promised <= span
    return Gantt(
        rows=rows,
        deadline_x=promised * scale if fits and promised is not None else None,
        deadline_words=_promise(promised, fits=fits),
        span_words=duration_words(round(span)),
    )


def _to_come(board: RunBoard) -> float:
    if not board.run.is_active:
        return 0.0
    return sum(line.preview.seconds or 0.0 for line in board.lines if not line.rows)


def _promise(promised: float | None, *, fits: bool) -> str:
    if promised is None:
        return "No RTO is set for what this recovers."
    words = duration_words(round(abs(promised)))
    if promised < 0:
        return f"The RTO was over {words} before this run began."
    return (
        f"The line is the RTO, {words} after the start." if fits else f"The RTO is {words} after the start: far right."
    )


def _bars(row: StepRun, begin: datetime, at: datetime, scale: float) -> list[Bar]:
    """The attempt as one bar, and on top of it the time in which it waited for a person."""
    start, end = (row.started_at - begin).total_seconds(), row.ended_at or row.answered_at or at
    css = f"g-{row.state}" if row.direction == Direction.DO else "g-undone"
    seconds = (end - row.started_at).total_seconds()
    words = (
        f"{row.get_direction_display()} #{row.attempt}: {row.get_state_display().lower()}, {duration_words(seconds)}"
    )
    bars = [Bar(start * scale, max(THINNEST, seconds * scale), css, words)]
    if row.asked_at is not None:
        waited = ((row.answered_at or at) - row.asked_at).total_seconds()
        x = (row.asked_at - begin).total_seconds() * scale
        bars.append(Bar(x, max(THINNEST, waited * scale), "g-human", f"waited for a person, {duration_words(waited)}"))
    return bars
