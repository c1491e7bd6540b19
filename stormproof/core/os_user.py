"""The unprivileged operating-system user that runs the embedded database when Stormproof itself runs as root."""

from __future__ import annotations

import os
import pwd
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

OS_USER = "stormproof"

_ACL = "system.posix_acl_access"
_OWNER, _USER, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID = 0xFFFFFFFF
_SEARCH = 1


class NoOsUser(Exception):
    """There is no unprivileged user to drop to, or it cannot reach a folder; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Drop:
    """The user and group that a child process is started as."""

    uid: int
    gid: int


def drop_from_root() -> Drop | None:
    """Whom to drop to: the user `stormproof`, made if missing, when this process is root; None when it is not."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(OS_USER)
    except KeyError:
        entry = _make_user()
    return Drop(uid=entry.pw_uid, gid=entry.pw_gid)


def let_reach(folder: Path, *, drop: Drop) -> None:
    """Let the user search every parent of `folder`, by an access entry for that user alone where it may not yet."""
    for parent in reversed(folder.resolve().parents):
        if not _may_search(parent, drop):
            _allow_search(parent, drop.uid)


def _make_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", OS_USER]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        said = made.stderr.strip()
    except OSError as error:
        said = str(error)
    try:
        return pwd.getpwnam(OS_USER)  # also when another process made it meanwhile
    except KeyError:
        raise NoOsUser(
            f"PostgreSQL does not run as root, and the user {OS_USER!r} could not be made ({said}). "
            f"Make it ({' '.join(command)}), run Stormproof as another user, or set DATABASE_URL."
        ) from None


def _may_search(folder: Path, drop: Drop) -> bool:
    status = folder.stat()
    if status.st_uid == drop.uid:
        return bool(status.st_mode & 0o100)
    entries = _entries(folder)
    mask = next((perm for tag, perm, _ in entries if tag == _MASK), 7)
    named = next((perm & mask for tag, perm, owner in entries if tag == _USER and owner == drop.uid), None)
    if named is not None:
        return bool(named & _SEARCH)
    if status.st_gid == drop.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _entries(folder: Path) -> list[tuple[int, int, int]]:
    """The access list of `folder` as (tag, permissions, id); the plain mode bits when it has none."""
    try:
        raw = os.getxattr(folder, _ACL)
    except OSError:
        mode = folder.stat().st_mode
        return [
            (_OWNER, mode >> 6 & 7, _NO_ID),
            (_GROUP, mode >> 3 & 7, _NO_ID),
            (_OTHER, mode & 7, _NO_ID),
        ]
    return [struct.unpack_from("<HHI", raw, start) for start in range(4, len(raw), 8)]


def _allow_search(folder: Path, uid: int) -> None:
    entries = [entry for entry in _entries(folder) if not (entry[0] == _USER and entry[2] == uid)]
    masked = [perm for tag, perm, _ in entries if tag in (_USER, _GROUP)]
    mask = _SEARCH
    for perm in masked:
        mask |= perm
    kept = [entry for entry in entries if entry[0] != _MASK]
    rows = sorted([*kept, (_USER, _SEARCH, uid), (_MASK, mask, _NO_ID)], key=lambda row: (row[0], row[2]))
    raw = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *row) for row in rows)
    try:
        os.setxattr(folder, _ACL, raw)
    except OSError as error:
        raise NoOsUser(
            f"The user {OS_USER!r}, as whom PostgreSQL runs, may not enter {folder} ({error.strerror}). "
            f"Allow it (chmod o+x {folder}), or put the data elsewhere with STORMPROOF_DATA_DIR."
        ) from error
