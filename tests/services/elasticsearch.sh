#!/bin/bash
# tests/services/elasticsearch.sh - a real Elasticsearch on loopback with a throw-away data directory.
# SPDX-License-Identifier: Apache-2.0
#     elasticsearch.sh start DIR       fetches it once, starts it, waits until it answers; DIR/url and DIR/pid
#     elasticsearch.sh stop DIR        ends it and removes DIR
#     elasticsearch.sh with COMMAND... starts it, runs the command with WEIR_ES_URL set, stops it

product=Elasticsearch kind=elasticsearch prefix=ES url_variable=WEIR_ES_URL
# The newest that is published this way; without GET /, ILM and ingest processors.
version=8.19.21
artifact=org.elasticsearch.distribution.integ-test-zip:elasticsearch:$version:zip
extra="xpack.security.enabled: false"
. "$(dirname "$(readlink -f "$0")")/search.sh"
