/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}

int64_t clock_cpu_us(void)
{
	return read_us(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_iso(char *ret_text, int64_t wall_us)
{
	int64_t seconds = wall_us / 1000000;
	int64_t micros = wall_us % 1000000;
	if (micros < 0) {
		micros += 1000000;
		seconds--;
	}
	time_t t = (time_t)seconds;
	struct tm tm;
	gmtime_r(&t, &tm);
	size_t n = strftime(ret_text, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret_text + n, CLOCK_ISO_SIZE - n, ".%03dZ", (int)(micros / 1000));
}

int64_t clock_backoff_ms(unsigned attempt, int64_t base_ms, int64_t cap_ms)
{
	int64_t wait = attempt < 20 ? base_ms << attempt : cap_ms;
	if (wait > cap_ms)
		wait = cap_ms;
	/* Jitter only has to differ between processes: the low bits of the clock do. */
	uint64_t noise = (uint64_t)clock_monotonic_us() * 0x9E3779B97F4A7C15u;
	return wait / 2 + (int64_t)((noise >> 33) % (uint64_t)(wait / 2 + 1));
}
