/* tests/fuzz/fuzz_json.c - any bytes as JSON: what the scanner and the encoder say is what jansson
 * says. SPDX-License-Identifier: Apache-2.0
 *
 * tests/data/oracle.h names the differences that are meant. Seeds: JSONTestSuite.
 */
#include "tests/data/oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct oracle oracle;
    oracle_open(&oracle);
    if (!oracle_agrees(&oracle, (struct str){(const char *)data, size})) {
        fprintf(stderr, "%s\n", oracle.complaint);
        abort();
    }
    return 0;
}
