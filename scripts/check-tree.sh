#!/usr/bin/env bash
# What must not be in the repository: third-party minified assets, addresses of package indexes, keys.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0
complain() { printf '%s\n%s\n\n' "$1" "$2"; status=1; }

minified=$(git ls-files | grep -E '\.min\.(js|css)$' || true)
[ -z "$minified" ] || complain "Minified assets are brought at build time, never committed:" "$minified"

long=$(git ls-files -- '*.js' '*.mjs' '*.css' '*.html' | while read -r file; do
  awk -v f="$file" 'length > 1000 { print f ": line " NR " has " length " characters"; exit }' "$file"
done)
[ -z "$long" ] || complain "Lines this long are generated or minified:" "$long"

indexes='py''pi\.org|python''hosted\.org|registry\.npm''js\.org|npm''mirror|"resol''ved": "http'
found=$(git grep -nIE "$indexes" || true)
[ -z "$found" ] || complain "Addresses of package indexes do not belong here:" "$found"

keys=$(git grep -nIE 'BEGIN (RSA |EC |OPENSSH )?PRIV''ATE KEY' || true)
[ -z "$keys" ] || complain "Private keys do not belong here:" "$keys"

[ -z "$(git ls-files uv.lock)" ] || complain "uv.lock names package indexes; commit the exported locks instead:" "uv.lock"
exit $status
