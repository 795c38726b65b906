/* SPDX-License-Identifier: Apache-2.0 */
/* NDJSON lines and JSON documents, fed in pieces of every size. */
#include <stdio.h>
#include <string.h>

#include "records.h"

#define BYTES(text) (text), sizeof(text) - 1

static const char *names[] = {"a", "b"};
static const struct string_list ab = {names, 2};

static struct reading reading_of(enum file_format format)
{
	return (struct reading){.format = format, .json = {.records = ""}};
}

static void lines(const char *text, const char *expected)
{
	struct reading reading = reading_of(FORMAT_NDJSON);
	assert_renders_n(&reading, &ab, text, strlen(text), false, expected);
}

static void document_at(const char *path, const char *text, const char *expected)
{
	struct reading reading = reading_of(FORMAT_JSON);
	reading.json.records = path;
	assert_renders_n(&reading, &ab, text, strlen(text), false, expected);
}

static void document(const char *text, const char *expected)
{
	document_at("", text, expected);
}

static void ndjson_lines(void **state)
{
	(void)state;
	lines("", "");
	lines(" \n\r\n\t\n", "");
	lines("{\"a\":1,\"b\":\"x\"}\n{\"b\":[1, 2],\"a\":{\"c\":null}}\n",
		"[1|\"x\"]\n[{\"c\":null}|[1, 2]]\n");
	lines("{\"a\":1}\r\n\r\n  {\"b\":null}  ", "[1|?]\n[?|~]\n");
	lines("\xEF\xBB\xBF{\"\\u0061\":\"\\n\"}\n{}\n", "[\"\\n\"|?]\n[?|?]\n");
	lines("{\"a\":\"1\",\"b\":2}\n{\"b\":1}\n{\"a\":3,\"b\":4}\n", "[\"1\"|2]\n[?|1]\n[3|4]\n");
}

static void ndjson_rejects(void **state)
{
	(void)state;
	lines("{\"a\":1\n{\"a\":2}\n",
		"!:unterminated object at byte 6 of the record@{\"a\":1\n[2|?]\n");
	lines("[1]\n\"x\"\nnull\n", "!:an array, expected an object@[1]\n"
				    "!:a string, expected an object@\"x\"\n"
				    "!:null, expected an object@null\n");
	lines("{\"a\":1,\"a\":2}\n",
		"!:duplicate member at byte 13 of the record@{\"a\":1,\"a\":2}\n");
	lines("{\"a\":\"\\ud800\"}\n{\"a\":\"\xFF\"}\n",
		"!:bad escape or lone surrogate at byte 12 of the record@{\"a\":\"\\ud800\"}\n"
		"!:bad UTF-8 at byte 6 of the record@{\"a\":\"\xFF\"}\n");
	lines("{\"c\\u0020d\":1}\n", "!c d:a member the schema does not name@{\"c\\u0020d\":1}\n");
}

static void nested(const char *text, const char *expected)
{
	static const char *columns[] = {"id", "who.name", "who.tags.1", "who"};
	static const struct string_list wanted = {columns, 3};
	struct field_reading fields[] = {{.path = columns[1]}, {.path = columns[2]}};
	struct reading reading = reading_of(FORMAT_NDJSON);
	reading.fields = fields;
	reading.field_count = 2;
	assert_renders_n(&reading, &wanted, text, strlen(text), false, expected);
}

static void nested_fields(void **state)
{
	(void)state;
	nested("{\"id\":1,\"who\":{\"name\":\"x\",\"tags\":[1,2,3]}}\n"
	       "{\"who\":{\"tags\":[1]},\"id\":2}\n",
		"[1|\"x\"|2]\n[2|?|?]\n");
	nested("{\"id\":1,\"who\":null}\n{\"id\":2,\"who\":{\"tags\":null}}\n",
		"[1|?|?]\n[2|?|?]\n");
	nested("{\"who\":7}\n{\"who\":{\"name\":{},\"tags\":\"x\"}}\n",
		"!who:a number, expected an object@{\"who\":7}\n"
		"!who.tags:a string, expected an object@{\"who\":{\"name\":{},\"tags\":\"x\"}}\n");
	nested("{\"who\":{\"age\":7}}\n{\"who\":{\"name\":\"y\"}}\n",
		"!who.age:a member the schema does not name@{\"who\":{\"age\":7}}\n[?|\"y\"|?]\n");
}

static void unknown_members_ignored(void **state)
{
	(void)state;
	struct reading reading = reading_of(FORMAT_NDJSON);
	reading.unknown = UNKNOWN_IGNORE;
	assert_renders_n(&reading, &ab, BYTES("{\"c\":{\"a\":0},\"b\":1}\n"), true, "0-20[?|1]\n");
}

static void ranges(void **state)
{
	(void)state;
	struct reading reading = reading_of(FORMAT_JSON);
	assert_renders_n(&reading, &ab, BYTES(" [ {\"a\":1} , {\"b\":2}\n]\n"), true,
		"3-10[1|?]\n13-20[?|2]\n");
}

static void documents(void **state)
{
	(void)state;
	document("[]", "");
	document(" [ ] ", "");
	document("[{\"a\":1},{\"b\":\"]}\\\"\"}]", "[1|?]\n[?|\"]}\\\"\"]\n");
	document("{\"a\":[{}],\"b\":\"x\"}\n", "[[{}]|\"x\"]\n");
	/* A broken record costs itself alone, as long as its brackets balance. */
	document("[1,{\"a\":{]},[],{\"a\":2}]",
		"!:a number, expected an object@1\n"
		"!:expected a member name at byte 6 of the record@{\"a\":{]}\n"
		"!:an array, expected an object@[]\n"
		"[2|?]\n");
}

static void documents_with_a_path(void **state)
{
	(void)state;
	document_at("data.items",
		"{\"n\":[{\"items\":1}],\"data\":{\"x\":\"}\",\"items\":[{\"a\":1}],"
		"\"y\":{}},\"z\":[1]}",
		"[1|?]\n");
	document_at("d", "{\"d\":[{\"a\":1}],\"d\":[]}",
		"[1|?]\nERR DATA duplicate member 'd' at byte 19\n");
	document_at("d.e", "{\"d\":{\"f\":1}}",
		"ERR DATA no member 'e' on the way to the records ('d.e')\n");
	document_at("d", "{\"d\":{\"a\":1},\"e\":2}", "[1|?]\n");
	document_at("1.d", "[[{}], {\"d\":[{\"a\":1}]}, 3]", "[1|?]\n");
	document_at("d.0", "{\"d\":[[{\"a\":1}] ,{}],\"e\":2}", "[1|?]\n");
	document_at("d\\.e.0", "{\"d\":{},\"d.e\":{\"0\":[{\"b\":1}]}}", "[?|1]\n");
	document_at("d.2", "{\"d\":[{},{}]}",
		"ERR DATA no member '2' on the way to the records ('d.2')\n");
	document_at("d.0", "{\"d\":[{\"a\":1},]}",
		"[1|?]\nERR DATA the document is broken at byte 14: expected a value, found ']'\n");
	document_at("0", "[]", "ERR DATA no member '0' on the way to the records ('0')\n");
	document_at("d", "{\"d\":{\"a\":1}",
		"[1|?]\nERR DATA the document ends at byte 12; "
		"expected '}'\n");
	document_at("d", "{\"d\":\"x\"}",
		"ERR DATA the document is broken at byte 5: expected '[', found '\"'\n");
	document_at(
		"d", "[]", "ERR DATA the document is broken at byte 0: expected '{', found '['\n");
}

static void broken_documents(void **state)
{
	(void)state;
	document("", "ERR DATA the document ends at byte 0; expected '['\n");
	document("12", "ERR DATA the document is broken at byte 0: expected '[', found '1'\n");
	document(
		"[{\"a\":1}", "[1|?]\nERR DATA the document ends at byte 8; expected ',' or ']'\n");
	document("[{\"a\":1},", "[1|?]\nERR DATA the document ends at byte 9; expected a value\n");
	document("[{\"a\":1},]",
		"[1|?]\nERR DATA the document is broken at byte 9: expected a value, found ']'\n");
	document("[{\"a\":1} {}]", "[1|?]\nERR DATA the document is broken at byte 9: expected ',' "
				   "or ']', found '{'\n");
	document("[{\"a\":1}] x",
		"[1|?]\nERR DATA the document is broken at byte 10: expected the end, found 'x'\n");
	document("[{\"a\":1},{\"a\":\"x",
		"[1|?]\nERR DATA the document ends at byte 16, inside the "
		"value that begins at byte 9\n");
	document("{\"a\":1}{}",
		"[1|?]\nERR DATA the document is broken at byte 7: expected the end, found '{'\n");
}

/* before + '{"a":"xxx…"}' of `n` bytes + after. */
static void render_long(
	enum file_format format, const char *before, size_t n, const char *after, struct buf *out)
{
	struct reading reading = reading_of(format);
	struct buf text;
	buf_init(&text, n + 4096);
	buf_printf(&text, "%s{\"a\":\"", before);
	memset(buf_reserve(&text, n), 'x', n);
	text.len += n - 8;
	buf_printf(&text, "\"}%s", after);
	buf_clear(out);
	render(&reading, &ab, text.data, text.len, WINDOW_PIECE, true, out);
	buf_release(&text);
}

static void long_records(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, (size_t)2 << 20);
	render_long(FORMAT_NDJSON, "", RECORD_MAX_BYTES, "\n{\"b\":1}\n", &out);
	assert_null(strstr(buf_text(&out), "longer"));
	render_long(FORMAT_NDJSON, "", RECORD_MAX_BYTES + 1, "\n{\"b\":1}\n", &out);
	assert_memory_equal(out.data, "0-1048578!:longer than 1048576 bytes@{\"a\":\"x", 42);
	assert_non_null(strstr(buf_text(&out), "\n1048578-1048586[?|1]\n"));
	render_long(FORMAT_JSON, "[", RECORD_MAX_BYTES, ",{\"b\":1}]", &out);
	assert_null(strstr(buf_text(&out), "longer"));
	render_long(FORMAT_JSON, "[", 30000000, ",{\"b\":1}]", &out);
	assert_memory_equal(out.data, "1-30000001!:longer than 1048576 bytes@{\"a\":\"x", 43);
	assert_non_null(strstr(buf_text(&out), "\n30000002-30000009[?|1]\n"));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ndjson_lines),
		cmocka_unit_test(ndjson_rejects),
		cmocka_unit_test(nested_fields),
		cmocka_unit_test(unknown_members_ignored),
		cmocka_unit_test(ranges),
		cmocka_unit_test(documents),
		cmocka_unit_test(documents_with_a_path),
		cmocka_unit_test(broken_documents),
		cmocka_unit_test(long_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
