"""A throw-away PostgreSQL for the tests; a pytest plugin, because it must speak before Django reads its settings.

With DATABASE_URL in the environment that server is used. Otherwise the embedded one is started, in a folder of its own
and without care for crashes, by the first test that asks for a database; all xdist workers share it. It is stopped at
the end; a server left by a killed test run is stopped at the start of the next.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from stormproof.core.embedded import address_of, start_database, stop_database
from stormproof.core.processes import mark_of, read_mark, write_mark

_PREFIX = "stormproof-test-"


def _stop_what_killed_runs_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = read_mark(folder / "owner")
        if owner is not None and mark_of(owner.pid) is None:
            stop_database(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _make_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    mark = mark_of(os.getpid())
    assert mark is not None
    write_mark(folder / "owner", mark=mark)
    (folder / "static").mkdir()  # where collectstatic would have put the assets
    return folder


if "STORMPROOF_TEST_DIR" not in os.environ:  # not in an xdist worker: those inherit what is set here
    _stop_what_killed_runs_left()
    _OWNED: Path | None = _make_folder()
    os.environ["STORMPROOF_TEST_DIR"] = str(_OWNED)
    os.environ["STORMPROOF_DATA_DIR"] = str(_OWNED)
    os.environ["STORMPROOF_MFA_ROLES"] = "none"  # tests/people asks for second factors itself
    os.environ.setdefault("DATABASE_URL", address_of(_OWNED))
else:
    _OWNED = None

FOLDER = Path(os.environ["STORMPROOF_TEST_DIR"])


def start() -> None:
    """Start the embedded server unless it runs, or another was given."""
    if os.environ["DATABASE_URL"] == address_of(FOLDER):
        start_database(FOLDER, durable=False, settings={"max_connections": "300"})


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    if _OWNED is not None:
        stop_database(_OWNED)
        shutil.rmtree(_OWNED, ignore_errors=True)
