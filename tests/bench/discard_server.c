/* tests/bench/discard_server.c - an HTTP server that takes events, throws them away and says yes.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     discard_server [--save FILE]
 *
 * Prints its port, then answers until it is ended: to a POST below /1/batch/ (Honeycomb) as many
 * statuses 202 as the body has events, to every other as many items of status 201 as it has pairs
 * of lines (Elasticsearch), to everything else an empty object. Bodies in gzip and zstd are
 * unpacked to count that. At the end it prints what it took as JSON. --save keeps the bodies,
 * unpacked, for measuring a compressor alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { READ_BYTES = 1 << 18, HEAD_BYTES_MAX = 1 << 14, EVENTS_MAX = 64, ITEMS_MAX = 1 << 16 };

static const char item[] = ",{\"create\":{\"status\":201}}", status[] = ",{\"status\":202}";
static const char event_mark[] = "\"data\":{"; /* once in every event, and in no JSON string */
enum {
    ITEM_BYTES = sizeof item - 1,
    STATUS_BYTES = sizeof status - 1,
    MARK_BYTES = sizeof event_mark - 1
};
enum packing { PACKED_NOT = 0, PACKED_GZIP, PACKED_ZSTD };

struct connection {
    int fd;
    char head[HEAD_BYTES_MAX];
    size_t head_len;
    uint64_t body_left, lines, events;
    size_t mark_seen; /* how much of event_mark stood at the end of the bytes so far */
    bool in_body, is_post, is_batch;
    enum packing packing;
    z_stream inflater;
    ZSTD_DStream *unpacker;
};

static struct {
    uint64_t requests, bytes, documents;
} totals;
static volatile sig_atomic_t is_over;
static char *items, *statuses; /* as many as a reply ever has, one after the other */
static FILE *save;

static void end(int signal)
{
    (void)signal;
    is_over = 1;
}

static void close_connection(struct connection *connection)
{
    if (connection->packing == PACKED_GZIP)
        inflateEnd(&connection->inflater);
    ZSTD_freeDStream(connection->unpacker);
    close(connection->fd);
    free(connection);
}

/* --- bodies
 * ---------------------------------------------------------------------------------------------- */

/* No byte of the mark but its first is a quote behind which it could begin anew. */
static void count_events(struct connection *connection, const char *at, size_t len)
{
    const char *end = at + len;
    while (connection->mark_seen && at < end) {
        connection->mark_seen = *at == event_mark[connection->mark_seen] ? connection->mark_seen + 1
                                                                         : *at == event_mark[0];
        at++;
        if (connection->mark_seen == MARK_BYTES) {
            connection->events++;
            connection->mark_seen = 0;
        }
    }
    for (const char *found; (found = memmem(at, (size_t)(end - at), event_mark, MARK_BYTES));
         at = found + MARK_BYTES)
        connection->events++;
    size_t tail = (size_t)(end - at) < MARK_BYTES - 1 ? (size_t)(end - at) : MARK_BYTES - 1;
    while (tail && memcmp(end - tail, event_mark, tail) != 0)
        tail--;
    if (at < end)
        connection->mark_seen = tail;
}

static void count_plain(struct connection *connection, const char *at, size_t len)
{
    if (save)
        fwrite(at, 1, len, save);
    if (connection->is_batch) {
        count_events(connection, at, len);
        return;
    }
    for (const char *end = at + len; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        connection->lines++;
}

static bool take_gzip(struct connection *connection, const char *at, size_t len)
{
    static char plain[READ_BYTES * 4];
    z_stream *inflater = &connection->inflater;
    inflater->next_in = (unsigned char *)(uintptr_t)at;
    inflater->avail_in = (unsigned)len;
    while (inflater->avail_in > 0) {
        inflater->next_out = (unsigned char *)plain;
        inflater->avail_out = sizeof plain;
        int result = inflate(inflater, Z_NO_FLUSH);
        count_plain(connection, plain, sizeof plain - inflater->avail_out);
        if (result == Z_STREAM_END)
            return true;
        if (result != Z_OK)
            return false;
    }
    return true;
}

static bool take_zstd(struct connection *connection, const char *at, size_t len)
{
    static char plain[READ_BYTES * 4];
    ZSTD_inBuffer in = {at, len, 0};
    while (in.pos < in.size) {
        ZSTD_outBuffer out = {plain, sizeof plain, 0};
        if (ZSTD_isError(ZSTD_decompressStream(connection->unpacker, &out, &in)))
            return false;
        count_plain(connection, plain, out.pos);
    }
    return true;
}

static bool take_body(struct connection *connection, const char *at, size_t len)
{
    totals.bytes += len;
    connection->body_left -= len;
    if (connection->packing == PACKED_GZIP)
        return take_gzip(connection, at, len);
    if (connection->packing == PACKED_ZSTD)
        return take_zstd(connection, at, len);
    count_plain(connection, at, len);
    return true;
}

/* --- replies
 * --------------------------------------------------------------------------------------------- */

static bool send_all(int fd, struct iovec *parts, int count)
{
    while (count > 0) {
        ssize_t sent = writev(fd, parts, count);
        if (sent < 0 && errno != EINTR)
            return false;
        for (; sent > 0 && count > 0 && (size_t)sent >= parts->iov_len; parts++, count--)
            sent -= (ssize_t)parts->iov_len;
        if (count > 0 && sent > 0) {
            parts->iov_base = (char *)parts->iov_base + sent;
            parts->iov_len -= (size_t)sent;
        }
    }
    return true;
}

static bool reply_batch(struct connection *connection)
{
    uint64_t count = connection->events < ITEMS_MAX ? connection->events : ITEMS_MAX;
    size_t statuses_len = count > 0 ? count * STATUS_BYTES - 1 : 0;
    char head[128];
    int head_len = snprintf(
        head, sizeof head,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n[",
        statuses_len + 2);
    struct iovec parts[] = {
        {head, (size_t)head_len},
        {statuses + 1, statuses_len}, /* without the first comma */
        {(char *)(uintptr_t) "]", 1},
    };
    totals.requests++;
    totals.documents += count;
    return send_all(connection->fd, parts, 3);
}

static bool reply(struct connection *connection)
{
    static const char before[] = "{\"errors\":false,\"took\":1,\"items\":[", after[] = "]}";
    uint64_t count = connection->lines / 2 < ITEMS_MAX ? connection->lines / 2 : ITEMS_MAX;
    size_t items_len = count > 0 ? count * ITEM_BYTES - 1 : 0;
    size_t body_len = connection->is_post ? sizeof before - 1 + items_len + sizeof after - 1 : 2;
    char head[256];
    int head_len = snprintf(
        head, sizeof head,
        "HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        body_len);
    struct iovec parts[] = {
        {head, (size_t)head_len},
        {(char *)(uintptr_t)before, sizeof before - 1},
        {items + 1, items_len}, /* without the first comma */
        {(char *)(uintptr_t)after, sizeof after - 1},
    };
    totals.requests++;
    totals.documents += connection->is_post ? count : 0;
    if (!connection->is_post) {
        parts[1] = (struct iovec){(char *)(uintptr_t) "{}", 2};
        return send_all(connection->fd, parts, 2);
    }
    return send_all(connection->fd, parts, 4);
}

/* --- requests
 * -------------------------------------------------------------------------------------------- */

static const char *header(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
            return line + 3 + len + strspn(line + 3 + len, " ");
    return NULL;
}

static bool begin_body(struct connection *connection)
{
    const char *length = header(connection->head, "Content-Length");
    const char *coding = header(connection->head, "Content-Encoding");
    const char *expect = header(connection->head, "Expect");
    connection->is_post = strncmp(connection->head, "POST", 4) == 0;
    connection->is_batch = strncmp(connection->head, "POST /1/batch/", 14) == 0;
    connection->body_left = length ? strtoull(length, NULL, 10) : 0;
    connection->lines = connection->events = connection->mark_seen = 0;
    connection->in_body = true;
    connection->packing = !coding                               ? PACKED_NOT
                          : strncasecmp(coding, "gzip", 4) == 0 ? PACKED_GZIP
                                                                : PACKED_ZSTD;
    if (connection->packing == PACKED_ZSTD && !connection->unpacker)
        connection->unpacker = ZSTD_createDStream();
    if (connection->packing == PACKED_ZSTD && ZSTD_isError(ZSTD_initDStream(connection->unpacker)))
        return false;
    if (connection->packing == PACKED_GZIP) {
        memset(&connection->inflater, 0, sizeof connection->inflater);
        if (inflateInit2(&connection->inflater, 15 + 16) != Z_OK)
            return false;
    }
    struct iovec go_on = {(char *)(uintptr_t) "HTTP/1.1 100 Continue\r\n\r\n", 25};
    return !expect || send_all(connection->fd, &go_on, 1);
}

static bool end_body(struct connection *connection)
{
    if (connection->packing == PACKED_GZIP)
        inflateEnd(&connection->inflater);
    connection->in_body = false;
    connection->packing = PACKED_NOT;
    connection->head_len = 0;
    return connection->is_batch ? reply_batch(connection) : reply(connection);
}

/* Adds to the head until it is whole. Returns how many bytes belonged to it, or -1. */
static ssize_t take_head(struct connection *connection, const char *at, size_t len)
{
    size_t before = connection->head_len, room = HEAD_BYTES_MAX - 1 - before;
    size_t add = len < room ? len : room;
    memcpy(connection->head + before, at, add);
    connection->head[before + add] = 0;
    const char *end = strstr(connection->head, "\r\n\r\n");
    if (!end) {
        connection->head_len += add;
        return add < len ? -1 : (ssize_t)add;
    }
    connection->head_len = (size_t)(end - connection->head) + 4;
    connection->head[connection->head_len] = 0;
    return begin_body(connection) ? (ssize_t)(connection->head_len - before) : -1;
}

static bool take(struct connection *connection, const char *at, size_t len)
{
    do {
        if (!connection->in_body) {
            ssize_t used = take_head(connection, at, len);
            if (used < 0)
                return false;
            at += used;
            len -= (size_t)used;
        }
        size_t part = len < connection->body_left ? len : connection->body_left;
        if (connection->in_body && part > 0 && !take_body(connection, at, part))
            return false;
        at += part;
        len -= part;
        if (connection->in_body && connection->body_left == 0 && !end_body(connection))
            return false;
    } while (len > 0);
    return true;
}

static void serve(struct connection *connection)
{
    static char bytes[READ_BYTES];
    ssize_t got = read(connection->fd, bytes, sizeof bytes);
    if (got > 0 ? !take(connection, bytes, (size_t)got) : got == 0 || errno != EINTR)
        close_connection(connection);
}

static void accept_one(int listener, int poll)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        abort();
    connection->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection->fd < 0) {
        free(connection);
        return;
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    epoll_ctl(poll, EPOLL_CTL_ADD, connection->fd,
              &(struct epoll_event){EPOLLIN, {.ptr = connection}});
}

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&address, &size)) {
        perror("discard_server");
        exit(3);
    }
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = end}; /* no SA_RESTART: it must end epoll_wait */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], "--save") == 0)
        save = fopen(argv[2], "we");
    items = malloc((size_t)ITEMS_MAX * ITEM_BYTES);
    statuses = malloc((size_t)ITEMS_MAX * STATUS_BYTES);
    if (!items || !statuses)
        return 3;
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        memcpy(items + i * ITEM_BYTES, item, ITEM_BYTES);
        memcpy(statuses + i * STATUS_BYTES, status, STATUS_BYTES);
    }
    int listener = listen_anywhere(), poll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &(struct epoll_event){EPOLLIN, {.ptr = NULL}});
    while (!is_over) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(poll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr);
            else
                accept_one(listener, poll);
        }
    }
    if (save)
        fclose(save);
    printf("{\"requests\": %llu, \"bytes\": %llu, \"documents\": %llu}\n",
           (unsigned long long)totals.requests, (unsigned long long)totals.bytes,
           (unsigned long long)totals.documents);
    return 0;
}
