/* agent/must.h - assertions that stay on in production.
 * SPDX-License-Identifier: Apache-2.0
 *
 * MUST(x)     our own mistake: abort with file:line. Never on input bytes, configuration or replies.
 * HOT_MUST(x) the same, in sanitizer and stress builds only (WEIR_STRESS or WEIR_CHECKS defined).
 */
#ifndef WEIR_MUST_H
#define WEIR_MUST_H

_Noreturn void must_failed(const char *file, int line, const char *claim);

#define MUST(claim) ((claim) ? (void)0 : must_failed(__FILE__, __LINE__, #claim))

#if defined(WEIR_CHECKS)
#define HOT_MUST(claim) MUST(claim)
#else
#define HOT_MUST(claim) ((void)0)
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LIKELY(x)    __builtin_expect(!!(x), 1)
#define UNLIKELY(x)  __builtin_expect(!!(x), 0)

#endif
