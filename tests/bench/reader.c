/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a file is split into records: bench_reader FILE [DELIMITER]. */
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "format/reader.h"

#define ROUNDS 5

struct result {
	int64_t records;
	int64_t cells;
	int64_t rejects;
	int64_t bytes;
};

static bool read_once(
	const char *path, const struct reading *reading, struct result *ret_result, struct err *err)
{
	struct input *input = NULL;
	struct reader *reader = NULL;
	const struct record *record = NULL;
	struct result result = {0};
	struct string_list wanted = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "opening %s", path);
	if (!input_open(fd, path, &(struct input_limits){0}, &input, err))
		return false;
	bool ok = reader_open(reading, input, &wanted, &reader, err);
	while (ok && (ok = reader_next(reader, &record, err)) && record) {
		result.records++;
		result.cells += (int64_t)record->cell_count;
		result.rejects += record->bad;
	}
	result.bytes = input_position(input);
	if (ok)
		*ret_result = result;
	reader_close(reader);
	input_close(input);
	return ok;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: bench_reader FILE [DELIMITER]\n");
		return 2;
	}
	struct reading reading = {.unknown = UNKNOWN_IGNORE,
		.csv = {.delimiter = argc > 2 ? argv[2] : ",", .quote = '"', .header = 1}};
	if (!format_from_name(argv[1], &reading.format))
		reading.format = FORMAT_CSV;
	for (int round = 0; round < ROUNDS; round++) {
		struct err err = {0};
		struct result result = {0};
		int64_t start = clock_monotonic_us();
		if (!read_once(argv[1], &reading, &result, &err)) {
			fprintf(stderr, "%s\n", err.message);
			return 1;
		}
		int64_t us = clock_monotonic_us() - start;
		printf("%lld records, %lld cells, %lld rejects: %.3f s, %.2f GB/s, %.0f ns a "
		       "record\n",
			(long long)result.records, (long long)result.cells,
			(long long)result.rejects, (double)us / 1e6,
			(double)result.bytes / (double)us / 1e3,
			(double)us * 1e3 / (double)(result.records ? result.records : 1));
	}
	return 0;
}
