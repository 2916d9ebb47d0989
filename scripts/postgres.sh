#!/usr/bin/env bash
# A throw-away PostgreSQL for tests: start | stop | url | status. Safe to call twice.
# Data may be lost at any time (fsync is off). Listens on 127.0.0.1 only.
#   CONNECTOR_POSTGRES_DIR  where it lives (default: a folder per user in the temporary folder)
set -euo pipefail

DIR="${CONNECTOR_POSTGRES_DIR:-${TMPDIR:-/tmp}/progress-connector-postgres-$(id -u)}"
DATA="$DIR/data"
LOG="$DIR/server.log"

find_binaries() {
  local folder
  for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
    if [ -x "$folder/initdb" ]; then echo "$folder"; return; fi
  done
  if command -v initdb >/dev/null 2>&1; then dirname "$(command -v initdb)"; return; fi
  echo "PostgreSQL's server programs are not installed (Debian: apt install postgresql)" >&2
  exit 3
}

# PostgreSQL refuses to run as root; Debian's packages bring the user postgres.
as_owner() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

free_port() {
  local port
  for port in $(seq 54320 54420); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
  echo "no free port between 54320 and 54420" >&2
  exit 4
}

running() { [ -d "$DATA" ] && as_owner "$BIN/pg_ctl" -D "$DATA" status >/dev/null 2>&1; }

make_cluster() {
  rm -rf "$DIR"
  mkdir -p "$DIR"
  head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >"$DIR/password"
  chmod 700 "$DIR"
  chmod 600 "$DIR/password"
  if [ "$(id -u)" = 0 ]; then chown -R postgres "$DIR"; fi
  as_owner "$BIN/initdb" -D "$DATA" -U postgres --pwfile="$DIR/password" --auth=scram-sha-256 \
    -E UTF8 --locale=C --no-sync >/dev/null
}

start() {
  mkdir -p "$(dirname "$DIR")"
  exec 9>"$DIR.lock"
  flock 9
  if running; then return; fi
  if [ ! -f "$DATA/PG_VERSION" ] || [ ! -f "$DIR/password" ]; then make_cluster; fi
  free_port >"$DIR/port"
  # The server must not inherit the lock (9), or it would hold it as long as it runs.
  as_owner "$BIN/pg_ctl" -D "$DATA" -l "$LOG" -w -t 60 start -o "-p $(cat "$DIR/port") \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off \
    -c full_page_writes=off -c synchronous_commit=off -c max_connections=200" >/dev/null 9>&-
}

url() {
  if ! running; then echo "not running; start it with: $0 start" >&2; exit 1; fi
  echo "postgresql://postgres:$(cat "$DIR/password")@127.0.0.1:$(cat "$DIR/port")/postgres"
}

BIN="$(find_binaries)"
case "${1:-}" in
  start) start; url ;;
  stop) if running; then as_owner "$BIN/pg_ctl" -D "$DATA" -m fast -w stop >/dev/null; fi ;;
  url) url ;;
  status) if running; then echo running; else echo stopped; fi ;;
  *) echo "usage: $0 start|stop|url|status" >&2; exit 2 ;;
esac
