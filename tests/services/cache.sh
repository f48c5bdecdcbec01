# tests/services/cache.sh - sourced: what the servers' scripts share: the cache, skipping aloud, ports, ending a server.
# SPDX-License-Identifier: Apache-2.0
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/weir

# One clear line and ctest's code for "skipped".
skip() {
    echo "skipped: $*"
    exit 77
}

# with_lock NAME COMMAND...: one at a time, so that two test runs do not fetch the same thing twice.
with_lock() {
    local name=$1
    shift
    mkdir -p "$cache"
    (
        flock 9
        "$@"
    ) 9>"$cache/$name.lock"
}

# A port nobody listens on now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Ends the server that DIR/pid tells of, by force after 20 s, and removes DIR. A launcher passes the signal on.
stop() { # DIR
    local pid try
    pid=$(cat "$1/pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null
    for ((try = 0; try < 100; try++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.2
    done
    kill -9 -- "-$pid" 2>/dev/null
    rm -rf "$1"
}
