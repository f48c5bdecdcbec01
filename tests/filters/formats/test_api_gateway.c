/* tests/filters/formats/test_api_gateway.c - mirrors filters/formats/api_gateway.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/api_gateway.c"

#include "tests/filters/formats/lines.h"

#define ID "79b4f56e-95b1-4643-9700-2807f4e68189"

static const struct golden lines[] = {
    {"{\"requestId\":\"" ID "\",\"ip\":\"203.0.113.9\",\"requestTime\":\"10/Oct/2023:13:55:36 "
     "+0000\",\"httpMethod\":\"POST\",\"resourcePath\":\"/orders/"
     "{id}\",\"status\":\"400\",\"protocol\":\"HTTP/"
     "1.1\",\"responseLength\":\"12\",\"body\":\"{}\"}",
     "2023-10-10T13:55:36Z 0|requestId=" ID "|CLIENT_ADDRESS=203.0.113.9|TIME=10/Oct/2023:13:55:36 "
     "+0000|HTTP_METHOD=POST|HTTP_ROUTE=/orders/{id}|HTTP_STATUS=400|protocol=HTTP/"
     "1.1|HTTP_RESPONSE_SIZE=12|HTTP_REQUEST_BODY={}"},
    {"{\"requestId\":\"x\",\"ip\":\"203.0.113.9\",\"httpMethod\":\"GET\",\"routeKey\":\"GET "
     "/pets\",\"status\":\"502\",\"xrayTraceId\":\"Root=1-5759e988-bd862e3fe1be46a994272793;"
     "Sampled=1\"}",
     "- 0|requestId=x|CLIENT_ADDRESS=203.0.113.9|HTTP_METHOD=GET|HTTP_ROUTE=GET "
     "/pets|HTTP_STATUS=502|TRACE_ID=Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"},
    {"203.0.113.9 - - [10/Oct/2023:13:55:36 +0000] \"GET /pets HTTP/1.1\" 200 12 " ID
     " JKJaXmPLvHcESHA=",
     "2023-10-10T13:55:36Z 0|CLIENT_ADDRESS=203.0.113.9|BODY=GET /pets "
     "HTTP/1.1|HTTP_METHOD=GET|URL_PATH=/pets|network.protocol.name=HTTP/"
     "1.1|HTTP_STATUS=200|HTTP_RESPONSE_SIZE=12|http.request.id=" ID
     "|http.request.extended_id=JKJaXmPLvHcESHA="},
    {"(" ID ") Starting execution for request: " ID,
     "- 0|http.request.id=" ID "|BODY=Starting execution for request: " ID ""},
    {"(" ID ") Method completed with status: 502",
     "- 0|http.request.id=" ID "|HTTP_STATUS=502|BODY=Method completed with status: 502"},
    {"(" ID ") Received response. Status: 200, Integration latency: 371 ms",
     "- 0|http.request.id=" ID
     "|HTTP_STATUS=200|BODY=Received response. Status: 200, Integration latency: 371 ms"},
    {"(" ID ") Execution failed due to configuration error: Malformed Lambda proxy response",
     "- 17 !failed|http.request.id=" ID
     "|BODY=Execution failed due to configuration error: Malformed Lambda proxy response"},
    {"neither", "broken"},
};

static void access_and_execution_logs_are_read(void)
{
    check_golden(&format_api_gateway, lines, COUNT(lines));
}

CHECK_MAIN(TEST(access_and_execution_logs_are_read))
