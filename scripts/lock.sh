#!/usr/bin/env bash
# Writes requirements.lock and requirements-dev.lock from pyproject.toml: every version with its hashes, no address.
# What is locked stays as it is; `scripts/lock.sh --upgrade` takes the newest that fit together.
set -euo pipefail
cd "$(dirname "$0")/.."
export UV_PYTHON_DOWNLOADS=never UV_CUSTOM_COMPILE_COMMAND="make lock"
uv=$(command -v uv || echo .venv-uv/bin/uv)
compile() { "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url "$@" >/dev/null; }
compile pyproject.toml -o requirements.lock "$@"
compile pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock "$@"
if grep -n '://' requirements.lock requirements-dev.lock; then
  echo "a lock names an address" >&2
  exit 1
fi
