#!/bin/bash
# tests/services/kafka.sh - a real Apache Kafka broker on loopback with a throw-away data directory.
# SPDX-License-Identifier: Apache-2.0
#
#     kafka.sh start DIR       fetches it once, starts it, waits until it answers; DIR/brokers, DIR/sasl and DIR/pid
#     kafka.sh resume DIR      starts a broker that was killed again, with the data it has
#     kafka.sh stop DIR        ends it and removes DIR
#     kafka.sh with COMMAND... starts it, runs the command with WEIR_KAFKA_DIR and WEIR_KAFKA set, stops it
#
# One node is broker and controller (KRaft). DIR/sasl is a second listener of the same broker that asks for SASL/PLAIN:
# user `weir` with password `right` may do everything there, user `guest` with password `guest` nothing.
# Ends with 77 where it cannot be fetched or no Java 17 is there.
set -u
. "$(dirname "$(readlink -f "$0")")/cache.sh"
version=4.3.1
lib=$cache/kafka-$version
cluster=4L6g3nShT-eMCtK--X86sw
java=(java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true
    -Dorg.slf4j.simpleLogger.defaultLogLevel=info)

write_pom() { # DIR
    cat >"$1/pom.xml" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>weir</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
END
}

fetch() {
    [ -d "$lib" ] && return 0
    local work=$cache/fetch.$$
    mkdir -p "$work"
    write_pom "$work"
    timeout 600 mvn -q -B -f "$work/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$work/lib" >"$work/log" 2>&1 </dev/null && mv "$work/lib" "$lib"
    local done=$?
    [ $done -eq 0 ] || tail -n 3 "$work/log" >&2
    rm -rf "$work"
    return $done
}

write_config() { # DIR PORT SASL-PORT CONTROLLER-PORT
    cat >"$1/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$4
listeners=PLAINTEXT://127.0.0.1:$2,SASL_PLAINTEXT://127.0.0.1:$3,CONTROLLER://127.0.0.1:$4
advertised.listeners=PLAINTEXT://127.0.0.1:$2,SASL_PLAINTEXT://127.0.0.1:$3
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_weir="right" user_guest="guest";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:weir
log.dirs=$1/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
log.cleaner.dedupe.buffer.size=2097152
log.cleaner.threads=1
END
}

wait_ready() { # DIR
    local try
    for ((try = 0; try < 240; try++)); do
        grep -q 'Kafka Server started' "$1/log" 2>/dev/null && return 0
        kill -0 "$(cat "$1/pid")" 2>/dev/null || break
        sleep 0.25
    done
    echo "kafka did not start:" >&2
    tail -n 20 "$1/log" >&2
    return 1
}

resume() { # DIR
    local dir
    dir=$(readlink -f "$1")
    : >"$dir/log"
    setsid "${java[@]}" -Xms128m -Xmx384m -cp "$lib/*" kafka.Kafka "$dir/server.properties" >"$dir/log" 2>&1 </dev/null 9>&- &
    echo $! >"$dir/pid"
    wait_ready "$dir"
}

start() { # DIR
    local dir port sasl
    command -v java >/dev/null || skip "no java for Kafka (package openjdk-17-jre-headless)"
    [ -d "$lib" ] || command -v mvn >/dev/null || skip "no mvn to fetch Kafka (package maven)"
    with_lock kafka fetch || skip "Kafka $version could not be fetched from the Maven registry"
    mkdir -p "$1"
    dir=$(readlink -f "$1")
    port=$(free_port) sasl=$(free_port)
    write_config "$dir" "$port" "$sasl" "$(free_port)"
    "${java[@]}" -cp "$lib/*" kafka.tools.StorageTool format -t $cluster -c "$dir/server.properties" >"$dir/log" 2>&1 ||
        { tail -n 5 "$dir/log" >&2; return 1; }
    resume "$dir" || { stop "$dir"; return 1; }
    echo "127.0.0.1:$sasl" >"$dir/sasl"
    echo "127.0.0.1:$port" >"$dir/brokers"
}

with() { # COMMAND...
    work=$(mktemp -d "${TMPDIR:-/tmp}/weir-kafka.XXXXXX")
    trap 'stop "$work"; rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
    start "$work" || exit 1
    WEIR_KAFKA_DIR=$work WEIR_KAFKA=$(cat "$work/brokers") "$@"
}

case ${1:-} in
start | resume | stop | with) "$@" ;;
*) sed -n '5,9s/^# //p' "$0"; exit 2 ;;
esac
