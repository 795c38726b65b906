/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks tile their input, hold the same bytes every time, and fit a message whatever comes. */
#include "cuts.h"

#define TWO_TEXTS                                                                                  \
	"{\"name\":\"a\",\"type\":\"string\"},{\"name\":\"b\",\"type\":[\"null\",\"string\"]}"

static void append_run(struct buf *text, char byte, size_t n)
{
	memset(buf_reserve(text, n), byte, n);
	text->len += n;
}

/* A random file, and what its rows and rejects are. */
static void random_file(unsigned *seed, struct buf *text, struct buf *rows)
{
	static const char *const ends[] = {"\n", "\r\n", "\n\n"};
	buf_clear(text);
	buf_clear(rows);
	buf_append_text(text, "\xEF\xBB\xBF"
			      "a,b\r\n");
	int records = rand_r(seed) % 400;
	for (int i = 1; i <= records; i++) {
		int kind = rand_r(seed) % 10;
		const char *end = ends[rand_r(seed) % 3];
		int n = rand_r(seed) % 60;
		if (kind == 0) {
			buf_printf(text, "only one%s", end);
		} else if (kind == 1) {
			buf_printf(text, "\"%0*d\",%s", n, i, end);
			buf_printf(rows, "%d:%0*d|~\n", i, n, i);
		} else {
			buf_printf(text, "%d,x%0*d%s", i, n, i, end);
			buf_printf(rows, "%d:%d|x%0*d\n", i, i, n, i);
		}
	}
}

/* The lines that are rows, without the rejects between them. */
static void drop_rejects(struct buf *text, struct buf *out)
{
	const char *p = buf_text(text);
	buf_clear(out);
	while (*p) {
		size_t n = strcspn(p, "\n") + 1;
		if (*p != '!')
			buf_append(out, p, n);
		p += n;
	}
}

static void chunks_tile_their_input(void **state)
{
	(void)state;
	struct schema *schema = schema_of(TWO_TEXTS);
	struct reading reading = csv_defaults();
	struct buf text;
	struct buf rows;
	struct buf ours;
	unsigned seed = 3;
	bool many = false;
	buf_init(&text, 1 << 20);
	buf_init(&rows, 1 << 20);
	buf_init(&ours, 1 << 20);
	for (int round = 0; round < 200; round++) {
		random_file(&seed, &text, &rows);
		reading.chunk_bytes = 1 + (uint32_t)(rand_r(&seed) % 6000);
		struct cuts cuts = cut(&reading, schema, text.data, text.len);
		struct cuts again = cut(&reading, schema, text.data, text.len);
		drop_rejects(&cuts.text, &ours);
		assert_string_equal(buf_text(&ours), buf_text(&rows));
		assert_int_equal(cuts.messages.len, again.messages.len);
		assert_memory_equal(cuts.messages.data, again.messages.data, cuts.messages.len);
		many = many || cuts.chunks > 10;
		cuts_release(&cuts);
		cuts_release(&again);
	}
	assert_true(many);
	buf_release(&text);
	buf_release(&rows);
	buf_release(&ours);
	schema_free(schema);
}

static void files_without_rows(void **state)
{
	(void)state;
	static const char *const files[] = {"a,b\n", "a,b",
		"\xEF\xBB\xBF"
		"a,b\r\n\r\n\r\n"};
	struct schema *schema = schema_of(TWO_TEXTS);
	struct reading reading = csv_defaults();
	for (size_t i = 0; i < 3; i++) {
		struct cuts cuts = cut(&reading, schema, files[i], strlen(files[i]));
		assert_int_equal(cuts.chunks, 1);
		assert_string_equal(buf_text(&cuts.text), "");
		cuts_release(&cuts);
	}
	reading.format = FORMAT_NDJSON;
	assert_cuts(&reading, schema, "", "");
	reading.format = FORMAT_JSON;
	assert_cuts(&reading, schema, "[]", "");
	assert_cuts(&reading, schema, "", "ERR DATA the document ends at byte 0; expected '['\n");
	schema_free(schema);
}

/* Rows of one byte take forty when they are loaded: a chunk is bounded by its rows, too. */
static void tiny_rows_end_a_chunk(void **state)
{
	(void)state;
	static const size_t rows[] = {
		CHUNK_MAX_ROWS - 1, CHUNK_MAX_ROWS, CHUNK_MAX_ROWS + 1, 3 * CHUNK_MAX_ROWS + 7};
	/* A file that ends on a chunk's border has an empty last one. */
	static const int64_t chunks[] = {1, 2, 2, 4};
	struct schema *schema = schema_of("{\"name\":\"a\",\"type\":\"long\"}");
	struct reading reading = csv_defaults();
	struct buf text;
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&text);
		buf_append_text(&text, "a\n");
		for (size_t row = 0; row < rows[i]; row++)
			buf_append_text(&text, "1\n");
		struct cuts cuts = cut(&reading, schema, text.data, text.len);
		assert_int_equal(cuts.chunks, chunks[i]);
		assert_true(cuts.longest < 2 * CHUNK_MAX_ROWS);
		cuts_release(&cuts);
	}
	buf_release(&text);
	schema_free(schema);
}

/* All rows of a record share a chunk, so one that would pass the limit begins the next. */
static void wide_records_do_not_pass_the_limit(void **state)
{
	(void)state;
	enum { columns = 5000, records = 30 };
	static const char *kept[] = {"k"};
	struct schema *schema =
		schema_of("{\"name\":\"k\",\"type\":\"long\"},{\"name\":\"n\","
			  "\"type\":\"string\"},{\"name\":\"v\",\"type\":\"long\"}");
	struct reading reading = csv_defaults();
	struct buf text;
	reading.chunk_bytes = 900 << 10;
	reading.unpivot =
		(struct unpivot){.enabled = true, .keep = {kept, 1}, .names = "n", .values = "v"};
	buf_init(&text, 1 << 20);
	buf_append_text(&text, "k");
	for (int i = 0; i < columns; i++)
		buf_printf(&text, ",c%d", i);
	for (int record = 0; record < records; record++) {
		buf_printf(&text, "\n%d", record);
		for (int i = 0; i < columns; i++)
			buf_append_text(&text, ",1");
	}
	struct cuts cuts = cut(&reading, schema, text.data, text.len);
	/* Thirteen records of 5,000 rows: a fourteenth would pass 65,536. */
	assert_int_equal(cuts.chunks, 3);
	cuts_release(&cuts);
	buf_release(&text);
	schema_free(schema);
}

/* Records that fill a chunk by themselves stand alone; one that no chunk holds is a reject. */
static void large_records(void **state)
{
	(void)state;
	struct schema *schema = schema_of(TWO_TEXTS);
	struct reading reading = csv_defaults();
	struct buf text;
	buf_init(&text, (size_t)8 << 20);
	buf_append_text(&text, "a,b\n1,2\n");
	append_run(&text, 'x', 900000);
	buf_append_text(&text, ",3\n");
	append_run(&text, 'y', 200000);
	buf_append_text(&text, ",4\n");
	append_run(&text, 'z', 1000000);
	buf_append_text(&text, ",5\n6,7\n");
	append_run(&text, 'w', 2000000);
	buf_append_text(&text, ",8\n9,10\n");
	struct cuts cuts = cut(&reading, schema, text.data, text.len);
	assert_true(cuts.longest > 900000 && cuts.longest < CHUNK_MAX_BYTES - 3000);
	assert_non_null(strstr(buf_text(&cuts.text),
		"\n5:6|7\n7:9|10\n!4 1100014-2100017 : its rows take more than the "));
	assert_non_null(
		strstr(buf_text(&cuts.text), "\n!6 2100021-4100024 : longer than 1048576 bytes"));
	assert_true(cuts.chunks == 3 || cuts.chunks == 4);
	cuts_release(&cuts);
	buf_release(&text);
	schema_free(schema);
}

static void a_file_that_breaks_off(void **state)
{
	(void)state;
	struct schema *schema = schema_of(TWO_TEXTS);
	struct reading reading = csv_defaults();
	reading.format = FORMAT_JSON;
	reading.chunk_bytes = 1;
	assert_cuts(&reading, schema, "[{\"a\":\"1\"},{\"a\":\"2\"},{\"a\":",
		"1:1|~\n2:2|~\nERR DATA the document ends at byte 26, inside the value that begins "
		"at byte 21\n");
	schema_free(schema);
}

/* The message of a failed judgement; "" when the file passes. */
static void judge(const struct reading *reading, const char *data, char *ret_message)
{
	struct schema *schema = schema_of(TWO_TEXTS);
	struct input *input = memory_input(data, strlen(data));
	struct chunk_info origin = origin_of_tests();
	struct cutter_totals totals = {0};
	struct cutter *cutter = NULL;
	struct err err = {0};
	assert_ok(cutter_open(reading, schema, input, &origin, &cutter, &err));
	if (cutter_judge(cutter, reading, &totals, &err)) {
		assert_int_equal(totals.records, 4);
		assert_int_equal(totals.rows, 2);
		assert_int_equal(totals.rejects, 2);
		ret_message[0] = '\0';
	} else {
		assert_int_equal(err.class, ERR_DATA);
		snprintf(ret_message, sizeof(err.message), "%s", err.message);
	}
	cutter_close(cutter);
	input_close(input);
	schema_free(schema);
}

static void max_rejects(void **state)
{
	(void)state;
	static const char data[] = "a,b\n1,2\n3\n4,\xFF\n5,6\n";
	char message[sizeof(((struct err *)0)->message)];
	struct reading reading = csv_defaults();
	judge(&reading, data, message);
	assert_string_equal(message, "");
	reading.max_rejects = 2;
	reading.max_reject_share = 0.5;
	judge(&reading, data, message);
	assert_string_equal(message, "");
	reading.max_rejects = 1;
	judge(&reading, data, message);
	assert_string_equal(message,
		"2 of 4 records rejected, max_rejects is 1; record 2: 1 cells, "
		"expected 2; record 3, column b: byte 0xFF is not UTF-8");
	reading.max_rejects = -1;
	reading.max_reject_share = 0.49;
	judge(&reading, data, message);
	assert_non_null(strstr(message, "max_rejects is 49 %;"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_tile_their_input),
		cmocka_unit_test(files_without_rows),
		cmocka_unit_test(tiny_rows_end_a_chunk),
		cmocka_unit_test(wide_records_do_not_pass_the_limit),
		cmocka_unit_test(large_records),
		cmocka_unit_test(a_file_that_breaks_off),
		cmocka_unit_test(max_rejects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
