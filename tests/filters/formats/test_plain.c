/* tests/filters/formats/test_plain.c - mirrors filters/formats/plain.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/plain.c"

#include "tests/filters/formats/lines.h"

static const struct golden lines[] = {
    {"just words", "- 0|BODY=just words"},
    {"2024-01-02T03:04:05.678Z INFO started",
     "2024-01-02T03:04:05.678Z 9|SEVERITY_TEXT=INFO|BODY=INFO started"},
    {"2024-01-02 03:04:05,678 - app - ERROR - no route",
     "2024-01-02T03:04:05.678Z 17|SEVERITY_TEXT=ERROR|BODY=app - ERROR - no route"},
    {"2024-01-02 03:04:05+01:00 started", "2024-01-02T02:04:05Z 0|BODY=started"},
    {"[2024-01-02 03:04:05] production.ERROR: boom",
     "2024-01-02T03:04:05Z 17|SEVERITY_TEXT=ERROR|BODY=production.ERROR: boom"},
    {"[10/Oct/2000:13:55:36 -0700] worker is up", "2000-10-10T20:55:36Z 0|BODY=worker is up"},
    {"2024/01/02 03:04:05 [error] 123#456: *789 connect() failed, client: 1.2.3.4",
     "2024-01-02T03:04:05Z 17|SEVERITY_TEXT=error|BODY=[error] 123#456: *789 connect() failed, "
     "client: 1.2.3.4"},
    {"E0102 03:04:05.678901   1 file.go:12] msg",
     "- 17|SEVERITY_TEXT=E|BODY=E0102 03:04:05.678901   1 file.go:12] msg"},
    {"INFO[0003] logrus on a terminal   k=v",
     "- 9|SEVERITY_TEXT=INFO|BODY=INFO[0003] logrus on a terminal   k=v"},
    {"level=warn in the middle of text",
     "- 13|SEVERITY_TEXT=warn|BODY=level=warn in the middle of text"},
    {"no errors were found, all is information",
     "- 0|BODY=no errors were found, all is information"},
    {"[2024-05-01T12:34:56Z ERROR my_crate] no route",
     "2024-05-01T12:34:56Z 17|SEVERITY_TEXT=ERROR|BODY=[2024-05-01T12:34:56Z ERROR my_crate] no "
     "route"},
    {"[2024-05-01 12:34:56,789: ERROR/MainProcess] task",
     "2024-05-01T12:34:56.789Z 17|SEVERITY_TEXT=ERROR|BODY=[2024-05-01 12:34:56,789: "
     "ERROR/MainProcess] task"},
    {"[2024-05-01 12:34:56 +0100] [7] [ERROR] worker",
     "2024-05-01T11:34:56Z 17|SEVERITY_TEXT=ERROR|BODY=[7] [ERROR] worker"},
    {"[Wed Oct 11 14:32:52.123456 2000] [core:error] [pid 35708] File does not exist",
     "- 17|SEVERITY_TEXT=error|BODY=[Wed Oct 11 14:32:52.123456 2000] [core:error] [pid 35708] "
     "File does not exist"},
    {"<34>Oct 11 22:14:15 mymachine su: failed",
     "- 18|BODY=<34>Oct 11 22:14:15 mymachine su: failed"},
    {"<999>1 no priority", "- 0|BODY=<999>1 no priority"},
    {"<b>no priority</b>", "- 0|BODY=<b>no priority</b>"},
    {"panic: runtime error: index out of range",
     "- 21|SEVERITY_TEXT=panic|BODY=panic: runtime error: index out of range"},
    {"Traceback (most recent call last):", "- 17|BODY=Traceback (most recent call last):"},
    {"thread 'main' panicked at 'boom', src/main.rs:2:5",
     "- 17|BODY=thread 'main' panicked at 'boom', src/main.rs:2:5"},
    {"fatal error: runtime: out of memory",
     "- 17 !failed|SEVERITY_TEXT=error|BODY=fatal error: runtime: out of memory"},
    {"Requested array size exceeds VM limit: java.lang.OutOfMemoryError",
     "- 17 !failed|BODY=Requested array size exceeds VM limit: java.lang.OutOfMemoryError"},
    {"failed to allocate memory (NoMemoryError)",
     "- 17 !failed|BODY=failed to allocate memory (NoMemoryError)"},
    {"2024-01-02T03:04:05Z", "- 0|BODY=2024-01-02T03:04:05Z"},
    {"   ", "- 0|BODY=   "},
};

static void plain_lines_give_time_level_and_body(void)
{
    check_golden(&format_plain, lines, COUNT(lines));
}

CHECK_MAIN(TEST(plain_lines_give_time_level_and_body))
