/* SPDX-License-Identifier: Apache-2.0 */
/* Time. Durations and deadlines use the monotonic clock; only what people read uses the wall clock.
 */
#ifndef PENSTOCK_BASE_CLOCK_H
#define PENSTOCK_BASE_CLOCK_H

#include <stdint.h>

/* Microseconds since an arbitrary start; never goes back. */
int64_t clock_monotonic_us(void);
/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_us(void);
/* CPU time of this process, user and system, in microseconds. */
int64_t clock_cpu_us(void);

#define CLOCK_ISO_SIZE 32
/* "2026-01-31T12:00:00.123Z"; `ret_text` holds CLOCK_ISO_SIZE bytes. */
void clock_iso(char *ret_text, int64_t wall_us);

/*
 * Exponential back-off with full jitter: returns how many milliseconds to wait before try `attempt`
 * (0 for the first retry): between half of and the whole of min(cap_ms, base_ms << attempt).
 */
int64_t clock_backoff_ms(unsigned attempt, int64_t base_ms, int64_t cap_ms);

#endif
