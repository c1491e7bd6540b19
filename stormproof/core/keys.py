"""The installation's own key: made once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from stormproof.core.env import Env


def secret_key(env: Env) -> str:
    """The key that signs links and seals secrets: from the environment, else from `data_dir/secret.key`."""
    return env.secret_key or _kept_key(env.data_dir / "secret.key")


def _kept_key(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(secrets.token_urlsafe(64))
        try:
            os.link(fresh, file)  # whoever links first has made the key; nobody overwrites it
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text().strip()
