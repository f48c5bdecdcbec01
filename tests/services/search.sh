# tests/services/search.sh - sourced: a real Elasticsearch or OpenSearch on loopback with a throw-away data directory.
# SPDX-License-Identifier: Apache-2.0
#
# Whoever sources it has set: product (Elasticsearch), kind (elasticsearch), prefix (ES: of its environment variables),
# version, artifact (of Maven), url_variable (told to the command of `with`), extra (more lines of its configuration).
# The Maven artifact is the distribution that the project's own integration tests run: the server and few modules.
# Ends with 77 where it cannot be fetched or no Java 17 is there.
set -u
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/cache.sh"
home=$cache/$kind-$version

fetch() {
    [ -x "$home/bin/$kind" ] && return 0
    local work=$cache/fetch.$$
    mkdir -p "$work"
    timeout 600 mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact=$artifact \
        -DoutputDirectory="$work" >"$work/log" 2>&1 </dev/null &&
        unzip -q "$work/$kind-$version.zip" -d "$work" && mv "$work/$kind-$version" "$home"
    local done=$?
    [ $done -eq 0 ] || tail -n 3 "$work/log" >&2
    rm -rf "$work"
    return $done
}

java_home() {
    local java
    java=$(command -v java) || return 1
    dirname "$(dirname "$(readlink -f "$java")")"
}

write_config() { # DIR PORT
    cp -r "$home/config/." "$1/config/"
    sed -i '/UseG1GC/d;/gc\.log/d;/G1\(Reserve\|Heap\)/d;/InitiatingHeap/d' "$1/config/jvm.options"
    cat >"$1/config/$kind.yml" <<END
cluster.name: weir-test
node.name: one
network.host: 127.0.0.1
http.port: $2
transport.port: 0
discovery.type: single-node
path.data: $1/data
path.logs: $1/logs
cluster.routing.allocation.disk.threshold_enabled: false
$extra
END
}

# Root's cache is closed to `nobody`, whom the server must run as: then it runs from a copy of linked files.
readable_home() { # DIR
    [ "$(id -u)" -ne 0 ] || setpriv --reuid=nobody --regid=nogroup --clear-groups test -r "$home/bin/$kind" || {
        cp -al "$home" "$1/home" 2>/dev/null || cp -r "$home" "$1/home"
        home=$1/home
    }
}

launch() { # DIR
    local as=()
    [ "$(id -u)" -ne 0 ] || {
        as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
        chown -R nobody:nogroup "$1/config" "$1/data" "$1/logs" "$1/tmp"
    }
    HOME=$1/tmp setsid env "${prefix}_PATH_CONF=$1/config" "${prefix}_TMPDIR=$1/tmp" "${prefix}_JAVA_HOME=$(java_home)" \
        "${prefix}_JAVA_OPTS=-Xms512m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1" \
        "${as[@]}" "$home/bin/$kind" >"$1/log" 2>&1 </dev/null 9>&- &
    echo $! >"$1/pid"
}

wait_ready() { # DIR URL
    local pid try
    pid=$(cat "$1/pid")
    for ((try = 0; try < 240; try++)); do
        curl -sf -m 5 "$2/_cluster/health?wait_for_status=yellow&timeout=4s" >/dev/null && return 0
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.5
    done
    echo "$kind did not start:" >&2
    tail -n 20 "$1/log" >&2
    return 1
}

start() { # DIR
    local dir port
    java_home >/dev/null || skip "no java for $product (package openjdk-17-jre-headless)"
    [ -x "$home/bin/$kind" ] || command -v mvn >/dev/null || skip "no mvn to fetch $product (package maven)"
    with_lock "$kind" fetch || skip "$product $version could not be fetched from the Maven registry"
    mkdir -p "$1/config" "$1/data" "$1/logs" "$1/tmp"
    dir=$(readlink -f "$1")
    chmod 755 "$dir"
    port=$(free_port)
    write_config "$dir" "$port"
    readable_home "$dir"
    launch "$dir"
    wait_ready "$dir" "http://127.0.0.1:$port" || { stop "$dir"; return 1; }
    echo "http://127.0.0.1:$port" >"$dir/url"
}

with() { # COMMAND...
    work=$(mktemp -d "${TMPDIR:-/tmp}/weir-$kind.XXXXXX")
    trap 'stop "$work"; rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
    start "$work" || exit 1
    export "$url_variable=$(cat "$work/url")"
    "$@"
}

case ${1:-} in
start | stop | with) "$@" ;;
*) sed -n '4,/^$/s/^# //p' "$0"; exit 2 ;;
esac
