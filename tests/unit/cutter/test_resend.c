/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was cut once is cut alike from the manifest, whatever the dialect: chunks tile the file, and
 * are the same byte for byte with the parameters the manifest gives back.
 */
#include <iconv.h>

#include "archive/document.h"
#include "cuts.h"

#define FIELDS                                                                                     \
	"{\"name\":\"id\",\"type\":\"long\"},"                                                     \
	"{\"name\":\"day\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}},"                 \
	"{\"name\":\"open\",\"type\":\"string\"},"                                                 \
	"{\"name\":\"text\",\"type\":[\"null\",\"string\"]}"

static const char *comments[] = {"#", "--"};
static const char *columns[] = {"text", "day", "open", "id"};
static const char *patterns[] = {"%d.%m.%Y", "%Y%m%d"};
static struct field_reading fields[] = {{.name = "day", .pattern = {patterns, 2}}};

static struct reading dialect(unsigned n)
{
	static const char *const delimiters[] = {",", "||", "\t|\t", "\xC2\xA6"};
	static const char *const encodings[] = {"utf-8", "utf-16", "utf-32le", "iso-8859-15"};
	struct reading reading = csv_defaults();
	reading.csv = (struct csv_dialect){.delimiter = delimiters[n % 4],
		.quote = n & 4 ? '\0' : '\'',
		.escape = '\\',
		.header = n & 8 ? 0 : 2,
		.header_join = n & 8 ? "" : " ",
		.columns = {columns, n & 8 ? 4 : 0},
		.skip = 1,
		.footer = 2,
		.comment = {comments, 2},
		.nulls = {no_text, 1},
		.trim = n & 16,
		.decimal = ',',
		.thousands = ".",
		.encoding = encodings[n / 4 % 4],
		.ragged = n & 32 ? RAGGED_FOLD : RAGGED_PAD};
	reading.fields = fields;
	reading.field_count = 1;
	reading.chunk_bytes = 16 << 10;
	return reading;
}

/* A file as the dialect has it, some of its rows bad, in UTF-8. */
static void write_file(const struct csv_dialect *csv, struct buf *out)
{
	const char *d = csv->delimiter;
	buf_append_text(out, "made by a test\n");
	if (csv->header)
		buf_printf(out, "%s%s%s\ntext%sday%sopen%sid\n", d, d, d, d, d, d);
	for (int i = 0; i < 3000; i++) {
		if (i % 50 == 0)
			buf_append_text(out, "# comment\r\n\r\n");
		if (i % 70 == 0)
			buf_printf(out, "x%s31.02.2024%sy%s1\n", d, d, d);
		if (i % 90 == 0)
			buf_printf(out, "too%sfew\n", d);
		buf_printf(out, "%s%s%02d.01.2024%s \xC3\xA4%d %s%d.%03d\r\n",
			csv->quote ? "'it\\'s'" : "plain", d, i % 28 + 1, d, i, d, i / 1000 + 1,
			i % 1000);
	}
	buf_append_text(out, "Total:\n3000\n\n");
}

static void convert(const char *encoding, struct buf *text)
{
	struct buf out;
	buf_init(&out, (size_t)8 << 20);
	size_t room = text->len * 5;
	char *to = (char *)buf_reserve(&out, room);
	char *in = (char *)text->data;
	size_t left = text->len;
	size_t before = room;
	iconv_t cd = iconv_open(encoding, "UTF-8");
	assert_true(iconv(cd, &in, &left, &to, &room) != (size_t)-1);
	iconv_close(cd);
	out.len = before - room;
	buf_release(text);
	*text = out;
}

static void read_back(const struct reading *reading, struct manifest *ret_read)
{
	struct err err = {0};
	struct manifest manifest;
	struct buf text;
	buf_init(&text, 1 << 20);
	manifest_init(&manifest);
	manifest.reading = *reading;
	manifest_write(&manifest, &text);
	manifest_init(ret_read);
	assert_ok(manifest_parse(buf_text(&text), text.len, "m", ret_read, &err));
	buf_release(&text);
	manifest_release(&manifest);
}

static void every_dialect_is_cut_alike(void **state)
{
	(void)state;
	struct schema *schema = schema_of(FIELDS);
	for (unsigned n = 0; n < 64; n++) {
		struct reading reading = dialect(n);
		struct manifest read;
		struct buf text;
		buf_init(&text, (size_t)1 << 20);
		write_file(&reading.csv, &text);
		if (strcmp(reading.csv.encoding, "iso-8859-15") == 0 &&
			strcmp(reading.csv.delimiter, "\xC2\xA6") == 0)
			reading.csv.encoding = "utf-16be"; /* which has that sign */
		if (strcmp(reading.csv.encoding, "utf-8") != 0)
			convert(reading.csv.encoding, &text);
		read_back(&reading, &read);
		struct cuts first = cut(&reading, schema, text.data, text.len);
		struct cuts second = cut(&read.reading, schema, text.data, text.len);
		if (strstr(buf_text(&first.text), "ERR "))
			fail_msg("dialect %u: %s", n, buf_text(&first.text));
		assert_true(first.chunks > 3);
		assert_non_null(strstr(buf_text(&first.text), "the month has no such day"));
		assert_non_null(strstr(buf_text(&first.text), ":3999|"));
		assert_null(strstr(buf_text(&first.text), "Total"));
		assert_int_equal(first.messages.len, second.messages.len);
		assert_memory_equal(first.messages.data, second.messages.data, first.messages.len);
		cuts_release(&first);
		cuts_release(&second);
		manifest_release(&read);
		buf_release(&text);
	}
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_dialect_is_cut_alike)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
