"""The rules of a run, without a database: the same journal always gives the same next move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stormproof.recover.choices import ANSWERS, Answer, Direction, StepState
from stormproof.recover.kinds.shapes import ProcedureShape
from stormproof.recover.rules import answers_to, bounded, filled, masked, next_move, state_after, times_of

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@dataclass
class Row:
    step: str
    state: str
    attempt: int = 1
    direction: str = "do"
    question: str = ""
    answer: str = ""
    interrupted: bool = False
    answered_at: datetime | None = None


def procedure(**first: object) -> ProcedureShape:
    steps = [{"id": "a", "kind": "command", "with": {}, **first}, {"id": "b", "kind": "command", "with": {}}]
    return ProcedureShape.model_validate({"name": "P", "recovers": "n", "steps": steps})


def move(shape: ProcedureShape, *rows: Row, undoing: bool = False, undoable: tuple[str, ...] = ()) -> str:
    found = next_move(shape, rows, mode="real", undoing=undoing, undoable=frozenset(undoable))
    return " ".join(str(part) for part in (found.act, found.step.id if found.step else "", found.attempt or "") if part)


def test_steps_come_in_order_and_settled_ones_are_left_alone() -> None:
    assert move(procedure()) == "do a 1"
    assert move(procedure(), Row("a", "done")) == "do b 1"
    assert move(procedure(), Row("a", "skipped"), Row("b", "done")) == "finish"
    assert move(procedure(only_in=["drill"])) == "skip a 1"


def test_an_intent_without_a_result_is_looked_into_first() -> None:
    assert move(procedure(), Row("a", "started")) == "recover a 1"
    assert move(procedure(), Row("a", "unknown", interrupted=True)) == "do a 2"
    thrice = [Row("a", "unknown", attempt=number, interrupted=True) for number in (1, 2, 3)]
    assert move(procedure(retries=9), *thrice) == "ask a 3"


def test_a_question_holds_the_run_until_it_is_answered() -> None:
    assert move(procedure(), Row("a", "unknown", question="unknown")) == "wait a 1"
    answered = Row("a", "unknown", question="unknown", answer="retry", answered_at=NOON)
    assert move(procedure(), answered) == "do a 2"
    answered.answer = "stop"
    assert move(procedure(), answered) == "finish a"
    answered.answer = "undo"
    assert move(procedure(), answered) == "begin_undo a"


def test_failure_is_retried_and_then_asked_about_once() -> None:
    failed = [Row("a", "failed", attempt=number) for number in (1, 2)]
    assert move(procedure(retries=2), *failed) == "do a 3"
    assert move(procedure(retries=1, on_failure="ask"), *failed) == "ask a 2"
    assert move(procedure(retries=1, on_failure="undo"), *failed) == "begin_undo a"
    assert move(procedure(retries=1), *failed) == "finish a"
    refused = Row("a", "failed", question="approve", answer="refused", answered_at=NOON)
    assert move(procedure(retries=5), refused) == "finish a"


def test_undoing_goes_backwards_over_what_ran_and_can_be_undone() -> None:
    rows = [Row("a", "done"), Row("b", "failed")]
    assert move(procedure(), *rows, undoing=True, undoable=("a", "b")) == "undo b 1"
    assert move(procedure(), *rows, undoing=True, undoable=("a",)) == "undo a 1"
    undone = Row("a", "done", direction="undo")
    assert move(procedure(), Row("a", "undone"), undone, undoing=True, undoable=("a",)) == "finish"
    failed = Row("a", "failed", direction="undo")
    assert move(procedure(), Row("a", "done"), failed, undoing=True, undoable=("a",)) == "ask a 1"
    assert Answer.UNDO not in answers_to("failed", direction=Direction.UNDO)


ROWS = st.builds(
    Row,
    step=st.sampled_from(["a", "b"]),
    state=st.sampled_from([state.value for state in StepState if state.value not in ("pending", "ready")]),
    attempt=st.integers(1, 3),
    direction=st.sampled_from(["do", "undo"]),
    answer=st.sampled_from(["", *(answer.value for answers in ANSWERS.values() for answer in answers)]),
    question=st.sampled_from(["", "unknown", "failed"]),
    interrupted=st.booleans(),
    answered_at=st.sampled_from([None, NOON]),
)


PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(st.lists(ROWS, max_size=6, unique_by=lambda row: (row.step, row.direction, row.attempt)), st.booleans())
def test_no_journal_makes_a_step_run_over_one_that_may_still_be_at_work(rows: list[Row], undoing: bool) -> None:
    shape = procedure(retries=1)
    found = next_move(shape, rows, mode="real", undoing=undoing, undoable=frozenset({"a", "b"}))
    if found.act in ("do", "undo") and found.step is not None:
        taken = [row for row in rows if row.step == found.step.id and row.direction == found.act]
        assert found.attempt not in {row.attempt for row in taken}
        last = max(taken, key=lambda row: row.attempt, default=None)
        assert last is None or (last.state != "started" and not (last.question and last.answered_at is None))


def test_waits_of_people_are_counted_once_where_they_overlap() -> None:
    def at(seconds: float) -> datetime:
        return NOON + timedelta(seconds=seconds)

    times = times_of(started_at=at(0), ended_at=at(100), waits=[(at(10), at(30)), (at(20), at(40)), (at(90), None)])
    assert (times.human_s, times.machine_s, times.total_s) == (40, 60, 100)


def test_answers_settle_what_they_say_and_nothing_else() -> None:
    assert state_after("happened", before="unknown") == "done"
    assert state_after("did_not_happen", before="unknown") == "failed"
    assert state_after("skip", before="failed") == "skipped"
    assert state_after("retry", before="unknown") == "unknown"
    assert state_after("stop", before="waiting_human") == "failed"


LETTERS = st.text(alphabet="abc", max_size=12)


@PATIENT
@given(st.text(alphabet="abc", min_size=3, max_size=6), LETTERS, LETTERS)
def test_a_masked_secret_is_gone(secret: str, before: str, after: str) -> None:
    assert all(secret not in part for part in masked(f"{before}{secret}{after}", [secret]).split("•••"))


def test_texts_are_filled_and_bounded() -> None:
    assert filled({"a": ["${x}-${y}", 3]}, {"x": "1", "y": "${x}"}) == {"a": ["1-${x}", 3]}
    assert len(bounded("x" * 200_000)) < 65_000
    assert bounded("a\x00b") == "a�b"
