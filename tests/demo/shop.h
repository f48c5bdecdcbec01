/* tests/demo/shop.h - a web shop made of functions, and the truth about what it wrote.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests arrive one after the other; each becomes one trace through one or several functions, whose lines wait
 * in order of time until shop_write() lets them into one file per function.
 */
#ifndef WEIR_DEMO_SHOP_H
#define WEIR_DEMO_SHOP_H

#include <stdint.h>

struct shop;

/* Opens directory/NAME.log for appending, one per function and access log. Null, having said why. */
struct shop *shop_open(const char *directory, uint64_t seed);
/* One request that arrives at this moment, all its lines and their consequences. */
void shop_request(struct shop *shop, int64_t time_us);
/* Writes every line that is older than this moment. INT64_MAX: all. */
void shop_write(struct shop *shop, int64_t until_us);
uint64_t shop_lines(const struct shop *shop);       /* made so far, written or not */
uint64_t shop_invocations(const struct shop *shop);
/* A number in [0, 1) from the shop's own dice. */
double shop_chance(struct shop *shop);
/* What is true of everything made so far, as JSON; replaces the file in one step. */
int shop_truth(struct shop *shop, const char *path);
void shop_close(struct shop *shop);

#endif
