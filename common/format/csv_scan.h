/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes that matter to CSV as bit masks, 64 input bytes at a time: one bit where a delimiter, a
 * quote or a line end stands. Every kernel gives the same masks; csv_scan_best() is the fastest one
 * this CPU runs.
 */
#ifndef PENSTOCK_FORMAT_CSV_SCAN_H
#define PENSTOCK_FORMAT_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_bytes {
	unsigned char delimiter;
	unsigned char quote; /* the delimiter again when there is no quoting */
};

/*
 * Reads `blocks` x 64 bytes at `data` (any alignment): bit i of ret_marks[b] tells of byte
 * 64 b + i; ret_high[b] is 1 when a byte of block b is beyond ASCII.
 */
typedef void csv_scan_fn(const unsigned char *data, size_t blocks, struct csv_bytes bytes,
	uint64_t *ret_marks, uint8_t *ret_high);

struct csv_kernel {
	const char *name;
	csv_scan_fn *scan;
	bool (*runs_here)(void);
};

/* Fastest first; the last one runs everywhere. */
extern const struct csv_kernel csv_kernels[];
extern const size_t csv_kernel_count;

csv_scan_fn *csv_scan_best(void);

#endif
