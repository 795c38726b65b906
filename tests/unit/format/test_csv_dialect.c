/* SPDX-License-Identifier: Apache-2.0 */
/* Dialects beyond RFC 4180, fed in pieces of every size; encodings iconv converts. */
#include <iconv.h>
#include <stdio.h>
#include <string.h>

#include "format/encoding.h"
#include "records.h"

static const struct string_list no_names;

static void delimiters_of_several_bytes(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	reading.csv.delimiter = "||";
	RENDERS(&reading, "a||b\n1|x||2\n|||3\n\"4||\"|| \n", "[1|x|2]\n[||3]\n['4||| ]\n");
	RENDERS(&reading, "a||b\n1||\n||\n1||2||3\n", "[1|]\n[|]\n!:3 cells, expected 2@1||2||3\n");
	RENDERS(&reading, "a||b\n\"1\"|2\n3||4\n",
		"!a:text behind the closing quote@\"1\"|2\n[3|4]\n");
	RENDERS(&reading, "a||b\n\"1\"|", "!a:text behind the closing quote@\"1\"|\n");
	RENDERS(&reading, "a||b\n1||\"2\n3||4\n", "!b:the quote is never closed@1||\"2\n[3|4]\n");
	reading.csv.delimiter = "\t|\t";
	reading.csv.trim = true;
	RENDERS(&reading, "a\t|\tb\n \t1 \t|\t\"2\"\t \n\t|\t\t\n", "[1|'2]\n[|]\n");
	reading.csv.delimiter = "\xE2\x80\x96";
	RENDERS(&reading,
		"a\xE2\x80\x96"
		"b\n\xE2\x80\x95\xE2\x80\x96\xE2\x80\x96\n",
		"!:3 cells, expected 2@\xE2\x80\x95\xE2\x80\x96\xE2\x80\x96\n");
}

static void escapes(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	reading.csv.escape = '\\';
	RENDERS(&reading, "a,b\n\"say \\\"hi\\\"\",\"\\\\\"\n", "['say \"hi\"|'\\]\n");
	RENDERS(&reading, "a,b\n\"C:\\dir\\,\",\\N\n", "['C:\\dir\\,|\\N]\n");
	RENDERS(&reading, "a,b\n\"x\"\"y\\\"\",1\\,\n",
		"!:3 cells, expected 2@\"x\"\"y\\\"\",1\\,\n");
	RENDERS(&reading, "a,b\n1,\"2\\\"\n3,4\n",
		"!b:the quote is never closed@1,\"2\\\"\n[3|4]\n");
	RENDERS(&reading, "a,b\n1,\"\\", "!b:the quote is never closed@1,\"\\\n");
	reading.csv.quote = '\0';
	RENDERS(&reading, "a,b\n1\\,5,\\\\\n\\N,two\\\r\nlines\n\\\n,\"\n",
		"[1,5|\\]\n[\\N|two\r\nlines]\n[\n|\"]\n");
	RENDERS(&reading, "a,b\n1,2\\", "[1|2\\]\n");
	reading.csv.delimiter = "::";
	RENDERS(&reading, "a::b\n1\\::5::\\:\n", "[1::5|\\:]\n");
}

static void comments(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	static const char *marks[] = {"#", "--"};
	reading.csv.comment = (struct string_list){marks, 2};
	RENDERS(&reading, "# made \"today\n\na,b\n#1,2\n-1,#\n--\n\"#\",\"x\n# y\"\n #,\n# end",
		"[-1|#]\n['#|'x\n# y]\n[ #|]\n");
	assert_renders_n(&reading, &no_names, BYTES("#\r\na,b\r\n#x\r\n\r\n#y\r\n1,2\r\n#z\r\n"),
		true, "18-23[1|2]\n");
	RENDERS(&reading, "#\n", "ERR DATA no header: only blank or skipped lines\n");
}

static void footers(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	static const char *marks[] = {"#"};
	reading.csv.footer = 2;
	RENDERS(&reading, "a,b\n1,2\n3,4\nTotal\n\"2\n", "[1|2]\n[3|4]\n");
	RENDERS(&reading, "a,b\n1,2\n\nTotal\r\n\r\n2,records\r\n\r\n", "[1|2]\n");
	RENDERS(&reading, "a,b\n1,2\n\"x\ny\",3\nTotal\n2", "[1|2]\n['x\ny|3]\n");
	RENDERS(&reading, "a,b\nTotal\n2", "");
	RENDERS(&reading, "a,b\nTotal\n", "");
	RENDERS(&reading, "a,b\n", "");
	reading.csv.comment = (struct string_list){marks, 1};
	RENDERS(&reading, "a,b\n1,2\n#\nTotal\n#\n2\n#\n", "[1|2]\n");
}

static void footers_of_long_files(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	struct buf text;
	struct buf out;
	reading.csv.footer = 1;
	buf_init(&text, (size_t)8 << 20);
	buf_init(&out, (size_t)32 << 20);
	buf_append_text(&text, "a,b\n");
	for (int i = 0; i < 400000; i++)
		buf_append_text(&text, "1,2\n");
	buf_append_text(&text, "Total\n");
	render(&reading, &no_names, text.data, text.len, WINDOW_PIECE, false, &out);
	assert_int_equal(out.len, 400000 * 6);
	/* A last line that is longer than any footer is a record. */
	text.len -= 6;
	memset(buf_reserve(&text, 70000), 'x', 70000);
	text.len += 70000;
	buf_clear(&out);
	render(&reading, &no_names, text.data, text.len, WINDOW_PIECE, false, &out);
	assert_non_null(strstr(buf_text(&out), "!:1 cells, expected 2@xxx"));
	buf_release(&text);
	buf_release(&out);
}

static void several_header_rows(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	struct err err = {0};
	struct reader *reader = NULL;
	reading.csv.header = 3;
	reading.csv.header_join = " ";
	static const char text[] = "Sales\n,2024,,\"2025\",\ncountry,Q1,Q2,Q1,\n1,2,3,4,5\n";
	struct input *input = memory_input(BYTES(text));
	assert_ok(reader_open(&reading, input, &no_names, &reader, &err));
	const struct string_list *columns = reader_columns(reader);
	static const char *const names[] = {
		"Sales country", "Sales 2024 Q1", "Sales 2024 Q2", "Sales 2025 Q1", "Sales 2025"};
	assert_int_equal(columns->count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(columns->items[i], names[i]);
	reader_close(reader);
	input_close(input);
	RENDERS(&reading, text, "[1|2|3|4|5]\n");
	RENDERS(&reading, "a\nb,c\n", "ERR DATA no header: only blank or skipped lines\n");
	RENDERS(&reading, "a,b,c\nx,y,\nd,e\n",
		"ERR DATA header: line 1 has 3 columns, line 3 has 2\n");
	RENDERS(&reading, "a\n\xFF\nb\n", "ERR DATA header: column 1: byte 0xFF is not UTF-8\n");
}

/* A wide cell over 65,536 columns must not become 65,536 copies. */
static void joined_headers_are_bounded(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	struct buf text;
	struct buf out;
	reading.csv.header = 2;
	reading.csv.header_join = "/";
	buf_init(&text, (size_t)4 << 20);
	buf_init(&out, (size_t)4 << 20);
	memset(buf_reserve(&text, 500000), 'x', 500000);
	text.len += 500000;
	buf_append_text(&text, "\n");
	for (int i = 0; i < 60000; i++)
		buf_append_text(&text, "a,");
	buf_append_text(&text, "b\n");
	render(&reading, &no_names, text.data, text.len, WINDOW_PIECE, false, &out);
	assert_string_equal(buf_text(&out),
		"ERR DATA header: the joined names are longer than 1048576 bytes\n");
	buf_clear(&out);
	memset(text.data, 'x', text.len);
	memset(buf_reserve(&text, 1000000), 'y', 1000000);
	text.data[600000] = '\n';
	text.len += 1000000;
	render(&reading, &no_names, text.data, text.len, WINDOW_PIECE, false, &out);
	assert_string_equal(buf_text(&out), "ERR DATA header: longer than 1048576 bytes in all\n");
	buf_release(&text);
	buf_release(&out);
}

static void columns_named_by_the_dialect(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	static const char *names[] = {"b", "a"};
	reading.csv.header = 0;
	reading.csv.columns = (struct string_list){names, 2};
	RENDERS(&reading, "1,2\n3\n", "[1|2]\n!:1 cells, expected 2@3\n");
}

static void folded_rows(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	reading.csv.ragged = RAGGED_FOLD;
	RENDERS(&reading, "a,b\n1,2,3,,\"4,\"\"5\"\n1\n1,\"2\"\n\xC3\xA4,\xC3\xB6,\xFF\n",
		"[1|2,3,,4,\"5]\n!:1 cells, expected 2@1\n[1|'2]\n"
		"!b:byte 0xFF is not UTF-8@\xC3\xA4,\xC3\xB6,\xFF\n");
	reading.csv.encoding = "latin1";
	reading.csv.delimiter = "::";
	RENDERS(&reading, "a::b\n1::\xE4::\xF6\n", "[1|\xC3\xA4::\xC3\xB6]\n");
}

static void encodings(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	reading.csv.encoding = "shift_jis";
	assert_renders_n(&reading, &no_names,
		BYTES("a,b\n\x93\xFA,\x81\n\x95\x5C,2\n\xFF,3\n4,\x81"), true,
		"4-9!b:byte 0x81 is not shift_jis@\xE6\x97\xA5,\xFC\x81\n"
		"9-14[\xE8\xA1\xA8|2]\n"
		"14-18!a:byte 0xFF is not shift_jis@\xFF\x9F,3\n"
		"18-21!b:byte 0x81 is not shift_jis@4,\xFC\x81\n");
	reading.csv.encoding = "utf-16";
	assert_renders_n(&reading, &no_names,
		BYTES("\xFF\xFE"
		      "a\0,\0b\0\n\0"
		      "1\0,\0\xAC\x20\n\0"
		      "\0\xD8,\0"
		      "2\0\r\0\n\0"
		      "3\0,\0x\0!"),
		true,
		"10-18[1|\xE2\x82\xAC]\n"
		"18-28!a:byte 0x00 is not utf-16@\xF8\x80,2\n"
		"28-35!b:byte 0x21 is not utf-16@3,x\xF9\x81\n");
	assert_renders_n(&reading, &no_names,
		BYTES("\xFE\xFF\xFE\xFF\0a\0,\0b\0\n\0"
		      "1\0,\0"
		      "2\0\n"),
		true, "12-20[1|2]\n");
	reading.csv.encoding = "windows-1252";
	reading.csv.delimiter = "\xC2\xA6";
	assert_renders_n(&reading, &no_names,
		BYTES("a\xA6"
		      "b\n\x80\xA6\x81\n"),
		true, "4-8!b:byte 0x81 is not windows-1252@\xE2\x82\xAC\xC2\xA6\xFC\x81\n");
	reading.csv.encoding = "utf-8";
	RENDERS(&reading,
		"a\xC2\xA6"
		"b\n\xC2\xA7\xC2\xA6\xC2\n",
		"!b:byte 0xC2 is not UTF-8@\xC2\xA7\xC2\xA6\xC2\n");
}

static void a_long_line_in_utf_32(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	struct buf text;
	struct buf out;
	reading.csv.encoding = "utf-32le";
	buf_init(&text, (size_t)64 << 20);
	buf_init(&out, 65536);
	static const char head[] = "a,b\n1,2\n";
	for (size_t i = 0; i < sizeof(head) - 1; i++)
		buf_append(&text, (char[4]){head[i]}, 4);
	for (size_t i = 0; i < 5000000; i++)
		buf_append(&text, "x\0\0", 4);
	buf_append(&text,
		"\n\0\0\0"
		"3\0\0\0,\0\0\0"
		"4\0\0",
		16);
	render(&reading, &no_names, text.data, text.len, WINDOW_PIECE, true, &out);
	assert_memory_equal(out.data, "16-32[1|2]\n32-20000036!:longer", 30);
	assert_non_null(strstr(buf_text(&out), "\n20000036-20000048[3|4]\n"));
	buf_release(&text);
	buf_release(&out);
}

/* Bytes without end that stand for no text: an error, not memory without end. */
static void shift_sequences_are_bounded(void **state)
{
	(void)state;
	struct reading reading = csv_reading();
	struct buf text;
	struct buf out;
	reading.csv.encoding = "iso-2022-jp";
	buf_init(&text, (size_t)64 << 20);
	buf_init(&out, 65536);
	buf_append_text(&text, "a,b\n1,2\n");
	for (size_t i = 0; i < 10000000; i++)
		buf_append(&text, i % 2 ? "\x1B(B" : "\x1B$B", 3);
	render(&reading, &no_names, text.data, text.len, WINDOW_PIECE, true, &out);
	assert_memory_equal(out.data, "4-8[1|2]\nERR DATA ", 18);
	assert_non_null(strstr(buf_text(&out), " bytes that stand for next to no text\n"));
	buf_release(&text);
	buf_release(&out);
}

/* `text` in the encoding; 0 when it has not all of it. */
static size_t encode(const char *encoding, const char *text, char *out, size_t room)
{
	char *in = (char *)(uintptr_t)text;
	size_t left = strlen(text);
	size_t size = room;
	iconv_t cd = iconv_open(encoding, "UTF-8");
	if ((intptr_t)cd == -1)
		return 0;
	bool ok =
		iconv(cd, &in, &left, &out, &room) == 0 && iconv(cd, NULL, NULL, &out, &room) == 0;
	iconv_close(cd);
	return ok ? size - room : 0;
}

/* All of iconv's encodings give the same records, and byte ranges that tile the input. */
static void every_encoding_of_iconv(void **state)
{
	(void)state;
	char line[256];
	int count = 0;
	struct buf out;
	struct reading reading = csv_reading();
	FILE *list = popen("iconv -l", "r");
	assert_non_null(list);
	buf_init(&out, 1 << 16);
	while (fgets(line, sizeof(line), list)) {
		char bytes[512];
		line[strcspn(line, "/\n")] = '\0';
		size_t n = encode(line, "A,B\n1,X\n\n2,Y\n", bytes, sizeof(bytes));
		if (n == 0 || !encoding_known(line))
			continue;
		reading.csv.encoding = line;
		for (size_t piece = 1; piece <= n; piece = piece * 3 + 1) {
			buf_clear(&out);
			render(&reading, &no_names, bytes, n, piece, false, &out);
			if (strcmp(buf_text(&out), "[1|X]\n[2|Y]\n") != 0)
				fail_msg("%s: %s", line, buf_text(&out));
		}
		count++;
	}
	assert_int_equal(pclose(list), 0);
	assert_true(count > 500);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delimiters_of_several_bytes),
		cmocka_unit_test(escapes),
		cmocka_unit_test(comments),
		cmocka_unit_test(footers),
		cmocka_unit_test(footers_of_long_files),
		cmocka_unit_test(several_header_rows),
		cmocka_unit_test(joined_headers_are_bounded),
		cmocka_unit_test(columns_named_by_the_dialect),
		cmocka_unit_test(folded_rows),
		cmocka_unit_test(encodings),
		cmocka_unit_test(a_long_line_in_utf_32),
		cmocka_unit_test(shift_sequences_are_bounded),
		cmocka_unit_test(every_encoding_of_iconv),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
