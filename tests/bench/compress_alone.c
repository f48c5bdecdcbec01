/* tests/bench/compress_alone.c - what a compressor costs by itself, on the bytes that an output
 * would send. SPDX-License-Identifier: Apache-2.0
 *
 *     compress_alone LEVEL CHUNK FILE    gzip of every CHUNK bytes, each by itself, as bulk
 * requests are
 */
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: compress_alone LEVEL CHUNK FILE\n");
        return 2;
    }
    size_t chunk = strtoull(argv[2], NULL, 10), got, in = 0, out = 0;
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(atoi(argv[1]));
    FILE *from = fopen(argv[3], "re");
    if (!compressor || !from || chunk == 0)
        return 3;
    size_t room = libdeflate_gzip_compress_bound(compressor, chunk);
    char *plain = malloc(chunk), *packed = malloc(room);
    double spent = 0;
    while (plain && packed && (got = fread(plain, 1, chunk, from)) > 0) {
        double before = cpu_seconds();
        out += libdeflate_gzip_compress(compressor, plain, got, packed, room);
        spent += cpu_seconds() - before;
        in += got;
    }
    printf("{\"bytes\": %zu, \"compressed\": %zu, \"cpu_s\": %.6f}\n", in, out, spent);
    fclose(from);
    free(plain);
    free(packed);
    libdeflate_free_compressor(compressor);
    return 0;
}
