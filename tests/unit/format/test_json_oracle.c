/* SPDX-License-Identifier: Apache-2.0 */
/* Random documents: our cells against what Python's json module reads. */
#include "oracle.h"

#define DOCUMENTS 300
#define COLUMNS	  7

static void read_ours(const struct buf *text, const char *path, size_t piece, struct buf *out)
{
	const char *names[] = {"a", "b", "c", "n.x0", "n.l.1", "n.o.y\\.z", "n.o"};
	struct string_list wanted = {names, COLUMNS};
	struct field_reading fields[] = {
		{.path = names[3]}, {.path = names[4]}, {.path = names[5]}, {.path = names[6]}};
	struct reading reading = {.format = FORMAT_JSON,
		.json = {.records = path},
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0]),
		.unknown = UNKNOWN_IGNORE};
	buf_clear(out);
	oracle_read(&reading, &wanted, text, piece, false, out);
}

static void write_ours(struct oracle *oracle, int n)
{
	const char *records = n % 2 ? "data.items" : "";
	struct err err = {0};
	char path[128];
	oracle_file(oracle, n, "json", &oracle->text);
	read_ours(&oracle->text, records, 1, &oracle->expected);
	for (size_t piece = 2; piece < 5000; piece = piece * 3 + 1) {
		read_ours(&oracle->text, records, piece, &oracle->ours);
		assert_string_equal(buf_text(&oracle->ours), buf_text(&oracle->expected));
	}
	snprintf(path, sizeof(path), "%s/%d.out", oracle->folder, n);
	assert_ok(file_replace(path, oracle->expected.data, oracle->expected.len, &err));
}

static void same_as_python(void **state)
{
	(void)state;
	struct oracle oracle;
	oracle_init(&oracle);
	oracle_run("json_oracle.py write", oracle.folder, DOCUMENTS, 11);
	for (int n = 0; n < DOCUMENTS; n++)
		write_ours(&oracle, n);
	oracle_run("json_oracle.py check", oracle.folder, DOCUMENTS, 11);
	oracle_release(&oracle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_python)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
