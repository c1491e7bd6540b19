"""The intake's server and group committer, with a door of the test's own and a real PostgreSQL behind it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import psycopg
import pytest

from stormproof.worker.intake.committer import MOST_WAITING, Committer, connect
from stormproof.worker.intake.door import Answer, Ask, Connection, Door
from stormproof.worker.intake.run import serve
from stormproof.worker.intake.server import Intake
from tests.running import free_ports

AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


class Book:
    """A door that keeps bodies in a table; it counts its transactions."""

    def __init__(self) -> None:
        self.commits: list[int] = []
        self.door = Door(
            name="book",
            path=re.compile(r"/book/(?P<who>\w+)"),
            methods=frozenset({"POST"}),
            longest_body=1000,
            commit=self.commit,
        )

    async def commit(self, connection: Connection, asks: Sequence[Ask], *, at: datetime) -> list[Answer]:
        self.commits.append(len(asks))
        for ask in asks:
            await connection.execute(
                "INSERT INTO intake_book VALUES (%s, %s::int)", [ask.groups["who"], ask.body.decode()]
            )
        return [Answer(status=202, body=f"{at:%H:%M}".encode())] * len(asks)


def ask_of(body: bytes) -> Ask:
    return Ask(method="POST", path="/book/a", groups={"who": "a"}, query="", headers={}, body=body, remote="")


@contextlib.asynccontextmanager
async def a_table() -> AsyncIterator[Connection]:
    async with await connect() as link:
        await link.execute("CREATE TABLE intake_book (who text, page int CHECK (page < 1000))")
        try:
            yield link
        finally:
            await link.execute("DROP TABLE intake_book")


async def rows_of(link: Connection) -> list[int]:
    return [row[0] for row in await (await link.execute("SELECT page FROM intake_book ORDER BY page")).fetchall()]


@contextlib.asynccontextmanager
async def working(book: Book) -> AsyncIterator[Committer]:
    committer = Committer(book.door, connect=connect, clock=lambda: AT)
    task = asyncio.create_task(committer.run())
    try:
        yield committer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_what_waits_together_is_one_transaction() -> None:
    async def story() -> None:
        book = Book()
        async with a_table() as link, working(book) as committer:
            answers = await asyncio.gather(*(committer.keep(ask_of(str(page).encode())) for page in range(300)))
            assert {answer.status for answer in answers} == {202}
            assert answers[0].body == b"12:00"
            assert await rows_of(link) == list(range(300))
            assert book.commits == [300]

    asyncio.run(story())


def test_one_poisonous_body_harms_nobody_else() -> None:
    async def story() -> None:
        book = Book()
        async with a_table() as link, working(book) as committer:
            bodies = [b"1", b"no number", b"2", b"5000"]
            answers = await asyncio.gather(*(committer.keep(ask_of(body)) for body in bodies))
            assert [answer.status for answer in answers] == [202, 400, 202, 400]
            assert await rows_of(link) == [1, 2]

    asyncio.run(story())


def test_a_database_that_is_away_is_a_503_and_nothing_is_kept() -> None:
    async def away() -> Connection:
        raise psycopg.OperationalError("gone")

    async def story() -> None:
        committer = Committer(Book().door, connect=away, clock=lambda: AT)
        task = asyncio.create_task(committer.run())
        answer = await committer.keep(ask_of(b"1"))
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(story())


def test_a_full_queue_is_a_503_at_once() -> None:
    async def story() -> None:
        committer = Committer(Book().door, connect=connect, clock=lambda: AT)  # nobody commits
        waiting = [asyncio.create_task(committer.keep(ask_of(b"1"))) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        assert (await committer.keep(ask_of(b"1"))).status == 503
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(story())


def served(story: Callable[[aiohttp.ClientSession, str, Connection], Awaitable[Any]]) -> None:
    """Run `story` against a served intake."""

    async def run() -> None:
        stop, port = asyncio.Event(), free_ports(1)
        intake = Intake([Book().door], connect=connect, clock=lambda: AT)
        async with a_table() as link, aiohttp.ClientSession() as client:
            serving = asyncio.create_task(serve(intake, host="127.0.0.1", port=port, stop=stop))
            await until_it_listens(client, f"http://127.0.0.1:{port}/healthz")
            try:
                await story(client, f"http://127.0.0.1:{port}", link)
            finally:
                stop.set()
                await serving

    asyncio.run(run())


async def until_it_listens(client: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with client.get(url) as answer:
                    assert answer.status == 200
                    return
            await asyncio.sleep(0.01)


def test_a_request_that_was_answered_is_in_the_database() -> None:
    async def story(client: aiohttp.ClientSession, url: str, link: Connection) -> None:
        async with client.post(f"{url}/book/alice", data=b"7") as answer:
            assert (answer.status, await answer.text()) == (202, "12:00")
        assert await rows_of(link) == [7]

    served(story)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/book/alice", 405), ("POST", "/book/", 404), ("POST", "/", 404)]
)
def test_there_is_only_what_the_doors_name(method: str, path: str, status: int) -> None:
    async def story(client: aiohttp.ClientSession, url: str, link: Connection) -> None:
        async with client.request(method, f"{url}{path}", data=b"7") as answer:
            assert answer.status == status
        assert await rows_of(link) == []

    served(story)


def test_a_body_past_the_limit_is_refused_packed_or_not() -> None:
    async def story(client: aiohttp.ClientSession, url: str, link: Connection) -> None:
        async with client.post(f"{url}/book/alice", data=b"1" * 1001) as answer:
            assert answer.status == 413
        bomb = gzip.compress(b"0" * 5_000_000)
        async with client.post(f"{url}/book/alice", data=bomb, headers={"Content-Encoding": "gzip"}) as answer:
            assert answer.status in (400, 413)
        async with client.post(f"{url}/book/alice", data=b"junk", headers={"Content-Encoding": "gzip"}) as answer:
            assert answer.status == 400
        assert await rows_of(link) == []

    served(story)
