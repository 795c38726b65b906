/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a row of 16 typed columns costs: text -> Avro, and Avro -> COPY BINARY. Prints the median of
 * several rounds, in CPU time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/encoder.h"
#include "record/transcoder.h"

#define ROWS   4000
#define ROUNDS 101

/* The columns of TPC-H's lineitem. */
static const struct {
	const char *type;
	const char *text;
} columns[] = {
#define DECIMAL "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":12,\"scale\":2}"
#define DATE	"{\"type\":\"int\",\"logicalType\":\"date\"}"
	{"\"long\"", "1500000"},
	{"\"int\"", "155190"},
	{"\"int\"", "7706"},
	{"\"int\"", "4"},
	{DECIMAL, "17.00"},
	{DECIMAL, "21168.23"},
	{DECIMAL, "0.04"},
	{DECIMAL, "0.02"},
	{"\"string\"", "N"},
	{"\"string\"", "O"},
	{DATE, "1996-03-13"},
	{DATE, "1996-02-12"},
	{DATE, "1996-03-22"},
	{"\"string\"", "DELIVER IN PERSON"},
	{"\"string\"", "TRUCK"},
	{"\"string\"", "egular courts above the furiously"},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void must(bool ok, const struct err *err)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", err->message);
	exit(1);
}

static double cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

static void report(const char *name, double *rounds, size_t bytes)
{
	qsort(rounds, ROUNDS, sizeof(*rounds), compare);
	double ns = rounds[ROUNDS / 2];
	printf("%-10s %7.1f ns/row  %7.1f MB/s\n", name, ns / ROWS, (double)bytes * 1000 / ns);
}

static struct schema *make_schema(void)
{
	struct buf text;
	struct err err;
	struct schema *schema;
	buf_init(&text, 1 << 16);
	buf_append_text(&text, "{\"type\":\"record\",\"name\":\"lineitem\",\"fields\":[");
	for (size_t i = 0; i < COLUMNS; i++)
		buf_printf(&text, "%s{\"name\":\"c%zu\",\"type\":%s}", i ? "," : "", i,
			columns[i].type);
	buf_append_text(&text, "]}");
	must(schema_parse(buf_text(&text), text.len, "bench", &schema, &err), &err);
	buf_release(&text);
	return schema;
}

static void bench_encode(const struct schema *schema, struct chunk_writer *writer)
{
	static double rounds[ROUNDS];
	struct encoder *encoder;
	struct err err;
	struct cell cells[COLUMNS];
	size_t bytes = 0;
	int field;
	for (size_t i = 0; i < COLUMNS; i++) {
		cells[i] = (struct cell){
			columns[i].text, (uint32_t)strlen(columns[i].text), CELL_TEXT, false};
		bytes += cells[i].len + 1;
	}
	must(encoder_new(schema, NULL, &encoder, &err), &err);
	for (size_t round = 0; round < ROUNDS; round++) {
		chunk_writer_clear(writer);
		double start = cpu_ns();
		for (size_t i = 0; i < ROWS; i++) {
			must(encoder_row(encoder, cells, &writer->block, &field, &err), &err);
			chunk_add_row(writer);
		}
		rounds[round] = cpu_ns() - start;
	}
	report("encode", rounds, bytes * ROWS);
	encoder_free(encoder);
}

static void bench_transcode(const struct schema *schema, const struct chunk_writer *writer)
{
	static double rounds[ROUNDS];
	struct chunk_info info = {.dataset = "bench",
		.sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.file_id = 1,
		.first = 1,
		.width = 1,
		.records = ROWS,
		.rows = ROWS};
	struct transcoder *transcoder;
	struct copy_rows rows;
	struct chunk chunk;
	struct buf message;
	struct err err;
	buf_init(&message, 4 << 20);
	copy_rows_init(&rows);
	chunk_finish(writer, &info, schema->text, schema->text_len, &message);
	must(transcoder_new(schema, schema, &transcoder, &err), &err);
	for (size_t round = 0; round < ROUNDS; round++) {
		double start = cpu_ns();
		must(chunk_open(message.data, message.len, &chunk, &err), &err);
		must(transcoder_chunk(transcoder, &chunk, &rows, &err), &err);
		rounds[round] = cpu_ns() - start;
	}
	report("transcode", rounds, rows.bytes.len);
	transcoder_free(transcoder);
	copy_rows_release(&rows);
	buf_release(&message);
}

int main(void)
{
	struct schema *schema = make_schema();
	struct chunk_writer writer;
	chunk_writer_init(&writer);
	bench_encode(schema, &writer);
	bench_transcode(schema, &writer);
	chunk_writer_release(&writer);
	schema_free(schema);
	return 0;
}
