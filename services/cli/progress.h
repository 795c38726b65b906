/* SPDX-License-Identifier: Apache-2.0 */
/* A progress bar on stderr, on a terminal only: bytes, rows, MB/s, ETA; at most ten times a second.
 */
#ifndef PENSTOCK_CLI_PROGRESS_H
#define PENSTOCK_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *label;
	int64_t total;	     /* in the unit of `done`; 0: unknown */
	bool bytes;	     /* the unit is bytes; otherwise chunks */
	const char *counted; /* what is counted beside it, one of them; NULL: a row */
	bool shown;	     /* decided by progress_begin */
	int64_t started_us;
	int64_t drawn_us;
};

void progress_begin(struct progress *progress, const char *label, int64_t total, bool bytes);
void progress_update(struct progress *progress, int64_t done, int64_t rows);
/* Leaves the finished line on the screen. */
void progress_end(struct progress *progress, int64_t done, int64_t rows);

#endif
