/* agent/delivery/endpoint.h - what an HTTP output tells the engine about its far end, and the settings for it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An HTTP output embeds `struct endpoint` and puts ENDPOINT_SETTINGS(struct its_own, member, url) into its
 * table: addresses, TLS, proxy, compression, batches and patience then read alike in every output.
 */
#ifndef WEIR_ENDPOINT_H
#define WEIR_ENDPOINT_H

#include "agent/config/setting.h"
#include "agent/why.h"

enum compress { COMPRESS_AUTO = 0, COMPRESS_NONE, COMPRESS_GZIP, COMPRESS_ZSTD };

struct endpoint {
    struct list urls;         /* http://, https:// or unix:/path/to/socket */
    struct str auth_header;   /* "Authorization: ..." or empty; secret; made by endpoint_open() */
    struct map headers;       /* further headers */
    struct str ca_file, cert_file, key_file;
    struct str proxy;         /* empty: none, whatever the environment says */
    bool verify;              /* TLS certificates; true unless the operator turned it off */
    int compress;             /* enum compress */
    int64_t timeout_ns;       /* of a whole exchange */
    int64_t batch_bytes, batch_events; /* largest body before compression, most events in one */
    int64_t flush_ns;         /* a lone event leaves within this */
    int64_t in_flight;        /* most requests at once */
    int refused_hold;         /* 1: many refusals hold a target instead of draining into dead letters */
    struct str user, password, bearer; /* at most one way; secrets */
};

extern const struct choice endpoint_compress_words[], endpoint_zstd_words[], endpoint_switch_words[];

#define ENDPOINT_ROW(object, name_, member, type, kind_, ...) \
    {.name = name_, .kind = kind_, .offset = SETTING_MEMBER(object, member, type), __VA_ARGS__}

/* How much goes at once: for every output with a far end. o: the output's struct, m: its struct endpoint, size: default
 * for `batch`. */
#define SIZES_SETTINGS(o, m, size) \
    ENDPOINT_ROW(o, "batch", m.batch_bytes, int64_t, SETTING_SIZE, .def = size, .min = "1KB", .max = "100MB", \
                 .help = "Size of the events sent at once, before compression, at which they are sent."), \
    ENDPOINT_ROW(o, "batch_events", m.batch_events, int64_t, SETTING_NUMBER, .def = "5000", .min = "1", \
                 .max = "100000", .help = "Most events sent at once."), \
    ENDPOINT_ROW(o, "flush", m.flush_ns, int64_t, SETTING_DURATION, .def = "1s", .min = "1ms", .max = "10m", \
                 .help = "A lone event leaves within this time."), \
    ENDPOINT_ROW(o, "in_flight", m.in_flight, int64_t, SETTING_NUMBER, .def = "4", .min = "1", .max = "64", \
                 .help = "Most such batches under way at once. Fewer are used while the far end is busy."), \
    ENDPOINT_ROW(o, "refused_hold", m.refused_hold, int, SETTING_CHOICE, .choices = endpoint_switch_words, .def = "on", \
                 .help = "When at least 100 events and more than half of a minute's are refused, hold the target and alarm instead of filling the dead letters.")

/* o: the output's struct, m: its struct endpoint, url: default for `url` as written in a file. */
/* In the place of `url`: there is no far end to be thought of. */
#define ENDPOINT_URL_REQUIRED NULL, .required = true

#define ENDPOINT_SETTINGS(o, m, url) ENDPOINT_SETTINGS_OF(o, m, url, "5MB", endpoint_compress_words)

/* words: endpoint_compress_words, or endpoint_zstd_words where the far end takes zstd; batch: default size. */
#define ENDPOINT_SETTINGS_OF(o, m, url, batch, words) \
    ENDPOINT_ROW(o, "url", m.urls, struct list, SETTING_LIST, .item = SETTING_TEXT, .def = url, \
                 .example = "[\"https://logs-1:8443\" \"https://logs-2:8443\"]", \
                 .help = "Addresses of the far end, used in turn; one that fails rests for a while. A path is kept as a prefix."), \
    ENDPOINT_ROW(o, "user", m.user, struct str, SETTING_TEXT, .help = "User name for basic authentication."), \
    ENDPOINT_ROW(o, "password", m.password, struct str, SETTING_SECRET, .secret = true, \
                 .help = "Password for basic authentication. Sent over https only, or to loopback."), \
    ENDPOINT_ROW(o, "bearer", m.bearer, struct str, SETTING_SECRET, .secret = true, \
                 .help = "Token for bearer authentication. Sent over https only, or to loopback."), \
    ENDPOINT_ROW(o, "headers", m.headers, struct map, SETTING_MAP, .item = SETTING_TEXT, \
                 .help = "Further request headers, by name."), \
    ENDPOINT_ROW(o, "ca", m.ca_file, struct str, SETTING_TEXT, \
                 .help = "File of certificates to trust instead of the system's."), \
    ENDPOINT_ROW(o, "cert", m.cert_file, struct str, SETTING_TEXT, .help = "Client certificate, PEM."), \
    ENDPOINT_ROW(o, "cert_key", m.key_file, struct str, SETTING_TEXT, \
                 .help = "Private key of the client certificate, PEM."), \
    ENDPOINT_ROW(o, "verify", m.verify, bool, SETTING_BOOL, .def = "true", \
                 .help = "Check the far end's certificate and name. Turning it off invites anybody to read along."), \
    ENDPOINT_ROW(o, "proxy", m.proxy, struct str, SETTING_TEXT, \
                 .help = "HTTP proxy to go through. The environment's proxy settings are not used."), \
    ENDPOINT_ROW(o, "compress", m.compress, int, SETTING_CHOICE, .choices = words, .def = "auto", \
                 .help = "Compression of request bodies. auto is gzip, but none to loopback and unix sockets."), \
    ENDPOINT_ROW(o, "timeout", m.timeout_ns, int64_t, SETTING_DURATION, .def = "30s", .min = "100ms", .max = "1h", \
                 .help = "Longest wait for a whole answer."), \
    SIZES_SETTINGS(o, m, batch)

struct arena;
struct buffer;

/* Checks what the rows cannot: addresses, files that belong together, credentials over plain http only to
 * loopback. Makes auth_header from bearer or user and password, unless the output has made its own before.
 * where: "file:line:column" for messages. No secret ever stands in why. */
enum code endpoint_open(struct endpoint *endpoint, struct arena *arena, const char *where,
                        struct why *why) CHECK_RESULT;

/* "Authorization: <scheme> <secret>", base64 on request; a null at when there is no room. */
struct str endpoint_auth(struct arena *arena, const char *scheme, struct str secret, bool base64);
/* "<name>: <secret>", for far ends with a header of their own; a null at when there is no room. */
struct str endpoint_secret_header(struct arena *arena, const char *name, struct str secret);

/* One segment of a path or one value of a query, percent-encoded (RFC 3986). */
void endpoint_write_url_part(struct buffer *to, struct str part);

bool endpoint_is_loopback(struct str url); /* localhost, 127.0.0.0/8, [::1], unix: */

#endif
