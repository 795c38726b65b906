/* SPDX-License-Identifier: Apache-2.0 */
/* What the CSV reader makes of each kind of input, fed in pieces of every size. */
#include <stdio.h>
#include <string.h>

#include "records.h"

static const struct string_list no_names;

static void plain_records(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	RENDERS(&reading, "a,b\n1,2\n3,4\n", "[1|2]\n[3|4]\n");
	RENDERS(&reading, "a,b\n1,2\n3,4", "[1|2]\n[3|4]\n");
	RENDERS(&reading, "a,b\n,\n", "[|]\n");
	RENDERS(&reading, "a,b\n\xC3\xA4,\xF0\x9F\x8C\x8A\n", "[\xC3\xA4|\xF0\x9F\x8C\x8A]\n");
}

static void line_ends(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	RENDERS(&reading, "a,b\r\n1,2\r\n3,4\r\n", "[1|2]\n[3|4]\n");
	RENDERS(&reading, "a,b\r1,2\r3,4\r", "[1|2]\n[3|4]\n");
	RENDERS(&reading, "a,b\r\n1,2\n3,4\r5,6\r\n\n\r7,8", "[1|2]\n[3|4]\n[5|6]\n[7|8]\n");
	assert_renders_n(&reading, &no_names,
		BYTES("\xEF\xBB\xBF"
		      "a,b\r\n1,2\r\n\r\n3,4\n\n"),
		true, "8-13[1|2]\n15-19[3|4]\n");
}

static void quotes(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	RENDERS(&reading, "a,b\n\"x,y\",\"\"\n", "['x,y|']\n");
	RENDERS(&reading, "a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", "['say \"hi\"|'\"]\n");
	RENDERS(&reading, "a,b\n\"two\r\nlines\",2\n3,4\n", "['two\r\nlines|2]\n[3|4]\n");
	RENDERS(&reading, "a,b\nit\"s,5\" pipe\n", "[it\"s|5\" pipe]\n");
	RENDERS(&reading, "\"a\",\"b\"\n1,2\n", "[1|2]\n");
	RENDERS(&reading, "a,b\n1,\"2\"", "[1|'2]\n");
	reading.csv.quote = '\0';
	RENDERS(&reading, "a,b\n\"1,2\"\n", "[\"1|2\"]\n");
	reading.csv.quote = '\'';
	RENDERS(&reading, "a,b\n'1,2',\"\n", "['1,2|\"]\n");
}

static void bad_quotes_cost_one_line(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	RENDERS(&reading, "a,b\n1,\"2\n3,4\n5,6\n",
		"!b:the quote is never closed@1,\"2\n[3|4]\n[5|6]\n");
	RENDERS(&reading, "a,b\n\"1\"x,2\n3,4\n",
		"!a:text behind the closing quote@\"1\"x,2\n[3|4]\n");
	RENDERS(&reading, "a,b\n\"1,2\n\"3\",4\n5,6\n",
		"!a:text behind the closing quote@\"1,2\n['3|4]\n[5|6]\n");
	RENDERS(&reading, "a,b\n1,\"", "!b:the quote is never closed@1,\"\n");
	assert_renders_n(&reading, &no_names, BYTES("a,b\n1,\"2\r\n3,4\r\n"), true,
		"4-10!b:the quote is never closed@1,\"2\n10-15[3|4]\n");
}

static void ragged_rows(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	RENDERS(&reading, "a,b\n1\n1,2,3\n1,2\n",
		"!:1 cells, expected 2@1\n!:3 cells, expected 2@1,2,3\n[1|2]\n");
	reading.csv.ragged = RAGGED_PAD;
	RENDERS(&reading, "a,b\n1\n1,2,,\n1,2,,3\n1,2,\"\"\n",
		"[1|~]\n[1|2]\n!:4 cells, expected 2@1,2,,3\n!:3 cells, expected 2@1,2,\"\"\n");
}

static void trimming(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	RENDERS(&reading, "a,b\n 1 ,\t2\n", "[ 1 |\t2]\n");
	reading.csv.trim = true;
	RENDERS(&reading, "a , b\n 1 ,\t2\n \" x \" , \"y\"\n  ,\n", "[1|2]\n[' x |'y]\n[|]\n");
	RENDERS(&reading, "a,b\n\"1\" x,2\n", "!a:text behind the closing quote@\"1\" x,2\n");
	reading.csv.delimiter = "\t";
	RENDERS(&reading, "a\tb\n 1 \t 2\n\t\"3\"\n\"4\"\t\n", "[1|2]\n[|'3]\n['4|]\n");
}

static void blank_lines(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	RENDERS(&reading, "\n\na,b\n\n1,2\n\n\n3,4\n\n", "[1|2]\n[3|4]\n");
	RENDERS(&reading, "a\n1\n\n2\n", "[1]\n[]\n[2]\n");
	RENDERS(&reading, "a\n\"\"\n", "[']\n");
}

static void headers(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	const char *names[] = {"x", "y"};
	struct string_list wanted = {names, 2};
	reading.csv.skip = 2;
	RENDERS(&reading, "made \"by\r\n\r\na,b\r\n1,2\r\n", "[1|2]\n");
	reading.csv.skip = 0;
	reading.csv.header = 2;
	RENDERS(&reading, "\"units,\nof\",\"x\"\na,b\n1,2\n", "[1|2]\n");
	reading.csv.header = 0;
	assert_renders_n(
		&reading, &wanted, BYTES("1,2\n3\n"), false, "[1|2]\n!:1 cells, expected 2@3\n");
	assert_renders_n(&reading, &wanted, BYTES(""), false, "");
}

static void files_without_records(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	RENDERS(&reading, "", "ERR DATA no header: the file is empty\n");
	RENDERS(&reading, "\n\r\n", "ERR DATA no header: only blank or skipped lines\n");
	RENDERS(&reading, "\xEF\xBB\xBF", "ERR DATA no header: only blank or skipped lines\n");
	RENDERS(&reading, "a,b", "");
	RENDERS(&reading, "a,b\r\n", "");
	RENDERS(&reading, "a,\"b\n", "ERR DATA header: column 2: the quote is never closed\n");
	RENDERS(&reading, "a,\xFF\n", "ERR DATA header: column 2: byte 0xFF is not UTF-8\n");
	RENDERS(&reading, "a,b\0\n", "ERR DATA header: column 2: a NUL byte\n");
	RENDERS(&reading,
		"\xFF\xFE"
		"a\0",
		"ERR DATA the text is UTF-16 or UTF-32, not UTF-8 (CSV: `encoding: utf-16`)\n");
}

static void encodings(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	RENDERS(&reading, "a,b\n1,K\xF6ln\n3,4\n", "!b:byte 0xF6 is not UTF-8@1,K\xF6ln\n[3|4]\n");
	RENDERS(&reading, "a,b\n1,\xED\xA0\x80\n", "!b:byte 0xED is not UTF-8@1,\xED\xA0\x80\n");
	RENDERS(&reading, "a,b\n1,\xFF\xFE\n", "!b:byte 0xFF is not UTF-8@1,\xFF\xFE\n");
	reading.csv.encoding = "latin1";
	RENDERS(&reading, "\xE4,b\n1,\"K\xF6\"\"ln\"\n\x80,\n",
		"[1|'K\xC3\xB6\"ln]\n[\xC2\x80|]\n");
	reading.csv.encoding = "windows-1252";
	RENDERS(&reading, "a,b\n\x80,\xFF\n\x81,2\n",
		"[\xE2\x82\xAC|\xC3\xBF]\n!a:byte 0x81 is not windows-1252@\x81,2\n");
}

static void nul_bytes_stay(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	struct buf out;
	buf_init(&out, 1000);
	render(&reading, &no_names, BYTES("a,b\n1,x\0y\n"), 3, false, &out);
	assert_memory_equal(out.data, "[1|x\0y]\n", 8);
	buf_release(&out);
}

static size_t count_lines(const struct buf *out)
{
	size_t n = 0;
	for (size_t i = 0; i < out->len; i++)
		n += out->data[i] == '\n';
	return n;
}

/* A file of `before`, a run of `n` times `byte`, and `after`. */
static void render_run(
	const char *before, char byte, size_t n, const char *after, size_t piece, struct buf *out)
{
	struct reading reading = csv_reading();
	struct buf text;
	buf_init(&text, n + 4096);
	buf_append_text(&text, before);
	memset(buf_reserve(&text, n), byte, n);
	text.len += n;
	buf_append_text(&text, after);
	buf_clear(out);
	render(&reading, &no_names, text.data, text.len, piece, true, out);
	buf_release(&text);
}

static void records_of_the_greatest_length(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, (size_t)8 << 20);
	static const size_t pieces[] = {WINDOW_PIECE, 65536 + 1, 40000};
	static const char *const ends[] = {"\n", "\r\n", "\r", ""};
	for (size_t p = 0; p < 3; p++) {
		for (size_t e = 0; e < 4; e++) {
			char after[32];
			snprintf(after, sizeof(after), "%s%s", ends[e], *ends[e] ? "3,4\n" : "");
			render_run("a,b\n1,", 'x', RECORD_MAX_BYTES - 2, after, pieces[p], &out);
			assert_int_equal(count_lines(&out), *ends[e] ? 2 : 1);
			assert_null(strstr(buf_text(&out), "!"));
			render_run("a,b\n1,", 'x', RECORD_MAX_BYTES - 1, after, pieces[p], &out);
			assert_int_equal(count_lines(&out), *ends[e] ? 2 : 1);
			assert_non_null(strstr(buf_text(&out), "!:longer than 1048576 bytes"));
			assert_true(out.len < 2 * RECORD_KEPT_BYTES);
		}
	}
	buf_release(&out);
}

/* All cells are counted, whatever their kind, also those beyond what is kept. */
static void more_cells_than_are_kept(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1 << 20);
	for (size_t n = 65532; n < 65539; n++) {
		char expected[80];
		render_run("a,b\n", ',', n, "x,\"y,y\",z\n3,4\n", WINDOW_PIECE, &out);
		snprintf(expected, sizeof(expected), "4-%zu!:%zu cells, expected 2@,,", n + 14,
			n + 3);
		assert_memory_equal(out.data, expected, strlen(expected));
		assert_non_null(strstr(buf_text(&out), "[3|4]\n"));
		assert_int_equal(count_lines(&out), 2);
	}
	buf_release(&out);
}

static void a_line_of_100_megabytes(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 65536);
	render_run("a,b\n1,2\n1,", 'x', 100000000, "\r\n3,4\n", WINDOW_PIECE, &out);
	assert_memory_equal(out.data, "4-8[1|2]\n8-100000012!:longer", 28);
	assert_non_null(strstr(buf_text(&out), "\n100000012-100000016[3|4]\n"));
	buf_release(&out);
}

/* The quote of the second line is never closed: the million lines behind it are all read. */
static void an_open_quote_costs_one_line_of_many(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	struct buf text;
	struct buf out;
	buf_init(&text, (size_t)8 << 20);
	buf_init(&out, (size_t)32 << 20);
	buf_append_text(&text, "a,b\n0,\"0\n");
	for (int i = 0; i < 400000; i++)
		buf_append_text(&text, "1,2\n");
	for (size_t piece = 50000; piece <= WINDOW_PIECE; piece += 71000) {
		buf_clear(&out);
		render(&reading, &no_names, text.data, text.len, piece, false, &out);
		assert_int_equal(count_lines(&out), 400001);
		static const char first[] = "!:longer than 1048576 bytes, or a quote that is never "
					    "closed@0,\"0\n[1|2]\n";
		assert_memory_equal(out.data, first, sizeof(first) - 1);
	}
	buf_release(&text);
	buf_release(&out);
}

static void names_tell_formats(void **state)
{
	(void)state;
	enum file_format format = FORMAT_JSON;
	assert_true(format_from_name("dir/x.CSV.gz", &format));
	assert_int_equal(format, FORMAT_CSV);
	assert_true(format_from_name("x.tsv", &format));
	assert_false(format_from_name("x.gz", &format));
	assert_false(format_from_name("csv", &format));
	assert_false(format_from_name("x.csv.part", &format));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_records),
		cmocka_unit_test(line_ends),
		cmocka_unit_test(quotes),
		cmocka_unit_test(bad_quotes_cost_one_line),
		cmocka_unit_test(ragged_rows),
		cmocka_unit_test(trimming),
		cmocka_unit_test(blank_lines),
		cmocka_unit_test(headers),
		cmocka_unit_test(files_without_records),
		cmocka_unit_test(encodings),
		cmocka_unit_test(nul_bytes_stay),
		cmocka_unit_test(records_of_the_greatest_length),
		cmocka_unit_test(more_cells_than_are_kept),
		cmocka_unit_test(a_line_of_100_megabytes),
		cmocka_unit_test(an_open_quote_costs_one_line_of_many),
		cmocka_unit_test(names_tell_formats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
