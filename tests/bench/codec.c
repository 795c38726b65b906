/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a row of a file costs on its way, without servers: bench_codec FILE SCHEMA.avsc. FILE,
 * CSV with a header, is cut into chunks, and each chunk made into COPY BINARY. Prints the median of
 * several rounds, in CPU time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "cutter/cutter.h"
#include "record/transcoder.h"

#define ROUNDS 9

struct bench {
	const char *path;
	struct schema *schema;
	struct reading reading;
	struct buf message;
	struct transcoder *transcoder;
	struct copy_rows rows;
};

/* CPU seconds of the two halves, and what went through them. */
struct result {
	double cut;
	double transcode;
	int64_t rows;
	int64_t rejects;
	size_t text_bytes;
	size_t message_bytes;
	size_t copy_bytes;
};

static double cpu_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run_chunks(
	struct bench *bench, struct cutter *cutter, struct result *result, struct err *err)
{
	for (;;) {
		struct chunk_info info;
		struct chunk chunk;
		bool done = false;
		double start = cpu_seconds();
		buf_clear(&bench->message);
		if (!cutter_next(cutter, &bench->message, &info, &done, err))
			return false;
		result->cut += cpu_seconds() - start;
		if (done)
			return true;
		start = cpu_seconds();
		if (!chunk_open(bench->message.data, bench->message.len, &chunk, err) ||
			!transcoder_chunk(bench->transcoder, &chunk, &bench->rows, err))
			return false;
		result->transcode += cpu_seconds() - start;
		result->message_bytes += bench->message.len;
		result->copy_bytes += bench->rows.bytes.len;
	}
}

static bool run(struct bench *bench, struct result *ret_result, struct err *err)
{
	const struct chunk_info origin = {.dataset = "bench",
		.name = "bench",
		.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.file_id = 1};
	struct result result = {0};
	struct input *input = NULL;
	struct cutter *cutter = NULL;
	int fd = open(bench->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "opening %s", bench->path);
	if (!input_open(fd, bench->path, &(struct input_limits){0}, &input, err))
		return false;
	bool ok = cutter_open(&bench->reading, bench->schema, input, &origin, &cutter, err) &&
		  run_chunks(bench, cutter, &result, err);
	if (ok) {
		result.rows = cutter_totals(cutter).rows;
		result.rejects = cutter_totals(cutter).rejects;
		result.text_bytes = (size_t)input_position(input);
		*ret_result = result;
	}
	cutter_close(cutter);
	input_close(input);
	return ok;
}

static bool open_bench(struct bench *bench, const char *schema_path, struct err *err)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	bool ok =
		file_read(schema_path, &text, err) &&
		schema_parse((const char *)text.data, text.len, schema_path, &bench->schema, err) &&
		transcoder_new(bench->schema, bench->schema, &bench->transcoder, err);
	buf_release(&text);
	return ok;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

static void report(const char *name, double *seconds, int64_t rows, size_t from, size_t to)
{
	qsort(seconds, ROUNDS, sizeof(*seconds), compare);
	double median = seconds[ROUNDS / 2];
	printf("%-10s %6.1f ns a row, %6.1f MB/s, %zu -> %zu bytes\n", name,
		median * 1e9 / (double)(rows ? rows : 1), (double)from / median / 1e6, from, to);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: bench_codec FILE SCHEMA.avsc\n");
		return 2;
	}
	struct bench bench = {.path = argv[1],
		.reading = {.format = FORMAT_CSV,
			.chunk_bytes = 512 << 10,
			.csv = {.delimiter = ",", .quote = '"', .header = 1}}};
	struct err err;
	struct result result = {0};
	double cut[ROUNDS];
	double transcode[ROUNDS];
	buf_init(&bench.message, CHUNK_MAX_BYTES);
	copy_rows_init(&bench.rows);
	bool ok = open_bench(&bench, argv[2], &err);
	for (size_t round = 0; ok && round < ROUNDS; round++) {
		ok = run(&bench, &result, &err);
		cut[round] = result.cut;
		transcode[round] = result.transcode;
	}
	if (ok) {
		printf("%lld rows, %lld rejects\n", (long long)result.rows,
			(long long)result.rejects);
		report("cut", cut, result.rows, result.text_bytes, result.message_bytes);
		report("transcode", transcode, result.rows, result.message_bytes,
			result.copy_bytes);
	} else {
		fprintf(stderr, "%s\n", err.message);
	}
	transcoder_free(bench.transcoder);
	copy_rows_release(&bench.rows);
	buf_release(&bench.message);
	schema_free(bench.schema);
	return ok ? 0 : 1;
}
