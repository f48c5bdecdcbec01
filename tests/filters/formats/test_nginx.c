/* tests/filters/formats/test_nginx.c - mirrors filters/formats/nginx.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/nginx.c"

#include "tests/filters/formats/lines.h"

static const struct golden lines[] = {
    {"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif HTTP/1.0\" 200 2326",
     "2000-10-10T20:55:36Z 0|CLIENT_ADDRESS=127.0.0.1|user.name=frank|BODY=GET /apache_pb.gif "
     "HTTP/1.0|HTTP_METHOD=GET|URL_PATH=/apache_pb.gif|network.protocol.name=HTTP/"
     "1.0|HTTP_STATUS=200|HTTP_RESPONSE_SIZE=2326"},
    {"198.51.100.7 - - [10/Oct/2023:13:55:36 +0000] \"POST /cart?item=1 HTTP/1.1\" 502 - "
     "\"http://a/\" \"Mozilla/5.0 (X11)\"",
     "2023-10-10T13:55:36Z 0|CLIENT_ADDRESS=198.51.100.7|BODY=POST /cart?item=1 "
     "HTTP/1.1|HTTP_METHOD=POST|URL_PATH=/cart|URL_QUERY=item=1|network.protocol.name=HTTP/"
     "1.1|HTTP_STATUS=502|http.request.header.referer=http://a/|USER_AGENT=Mozilla/5.0 (X11)"},
    {"2001:db8::1 - - [10/Oct/2023:13:55:36 +0000] \"GET / HTTP/2.0\" 200 5 \"-\" \"curl\" "
     "\"203.0.113.9\"",
     "2023-10-10T13:55:36Z 0|CLIENT_ADDRESS=2001:db8::1|BODY=GET / "
     "HTTP/2.0|HTTP_METHOD=GET|URL_PATH=/|network.protocol.name=HTTP/"
     "2.0|HTTP_STATUS=200|HTTP_RESPONSE_SIZE=5|USER_AGENT=curl|http.request.header.x-forwarded-for="
     "203.0.113.9"},
    {"203.0.113.9 - - [10/Oct/2023:13:55:36 +0000] \"\\x16\\x03\" 400 150 \"-\" \"-\"",
     "2023-10-10T13:55:36Z "
     "0|CLIENT_ADDRESS=203.0.113.9|BODY=\\x16\\x03|HTTP_STATUS=400|HTTP_RESPONSE_SIZE=150"},
    {"203.0.113.9 - - [10/Oct/2023:13:55:36 +0000] \"GET /a \\\"b\\\" HTTP/1.1\" 200 1",
     "2023-10-10T13:55:36Z 0|CLIENT_ADDRESS=203.0.113.9|BODY=GET /a \\\"b\\\" "
     "HTTP/1.1|HTTP_METHOD=GET|HTTP_ROUTE=/a "
     "\\\"b\\\"|network.protocol.name=HTTP/1.1|HTTP_STATUS=200|HTTP_RESPONSE_SIZE=1"},
    {"203.0.113.9 - - [10/Oct/2023:13:55:36 +0000] \"GET / HTTP/1.1\" 200 612 \"-\" \"curl\" 512 "
     "0.042 [default-web-80] [] 10.0.0.7:80 612 0.041 200 b1f2",
     "2023-10-10T13:55:36Z 0|CLIENT_ADDRESS=203.0.113.9|BODY=GET / "
     "HTTP/1.1|HTTP_METHOD=GET|URL_PATH=/|network.protocol.name=HTTP/"
     "1.1|HTTP_STATUS=200|HTTP_RESPONSE_SIZE=612|USER_AGENT=curl|HTTP_REQUEST_SIZE=512|DURATION=42|"
     "nginx.upstream=[default-web-80] [] 10.0.0.7:80 612 0.041 200 b1f2"},
    {"203.0.113.9 - - [10/Oct/2023:13:55:36 +0000] \"GET GET /pets/{id} HTTP/1.1\" 200 12 "
     "JKJaXmPLvHcESHA=",
     "2023-10-10T13:55:36Z 0|CLIENT_ADDRESS=203.0.113.9|BODY=GET GET /pets/{id} "
     "HTTP/1.1|HTTP_METHOD=GET|HTTP_ROUTE=GET "
     "/pets/{id}|network.protocol.name=HTTP/"
     "1.1|HTTP_STATUS=200|HTTP_RESPONSE_SIZE=12|http.request.id=JKJaXmPLvHcESHA="},
    {"203.0.113.9 - - [10/Foo/2023:13:55:36 +0000] \"GET / HTTP/1.1\" 200 1", "broken"},
    {"no access log", "broken"},
};

static void access_lines_are_taken_apart(void)
{
    check_golden(&format_nginx, lines, COUNT(lines));
}

CHECK_MAIN(TEST(access_lines_are_taken_apart))
