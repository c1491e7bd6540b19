"""The intake: a small process that takes in what other systems send, many a second, and says yes only when it is kept.

One aiohttp server on one uvloop, one port above the live stream. A request goes: **door** (which path and method, how
long a body may be) -> **committer** of that door (a bounded queue; everything that waits becomes one transaction) ->
answer. The answer is sent after the commit and never before; a queue that is full, or a database that is away, is
answered 503 with `Retry-After`, and the sender keeps what it has.

To add a door, write a module with a `Door` and add one line to `doors.py`:

    Door(
        name="ping",
        path=re.compile(r"/ping/(?P<key>[0-9a-f-]{36})(?:/(?P<signal>\\w+))?/?"),
        methods=frozenset({"GET", "HEAD", "POST"}),
        longest_body=10_000,
        commit=commit_pings,
        refuse=None,
        committed=None,
    )

- `path` is matched against the whole path; its named groups are `ask.groups`. Doors are asked in the order of the list.
- `async commit(connection, asks, *, at)` gets every request that waits (1 to 500) and a psycopg connection inside a
  transaction. It writes in sets and returns one `Answer` for each ask, in order. What it raises rolls everything back;
  then the asks are tried one by one, so that one poisonous body harms nobody else (it alone is answered 400 for data
  the database refuses, 503 for a database that is away). It must call a service: only services write.
- `refuse(ask)` may answer at once, before the queue and without the database (a malformed path, a rate limit).
- `committed(answers)` is called after the commit, in the loop; it must not block. It wakes who goes on with the rows.
- A token is checked in `commit`, against its hash in the database; a door never keeps it and never logs the path.

The web process serves the same paths by plain views over the same services, slower, so that one port does for a small
installation.
"""
