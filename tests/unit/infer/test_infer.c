/* SPDX-License-Identifier: Apache-2.0 */
/* Samples that end at every byte, and with every byte changed: a draft or a reason, and every
 * draft's schema is one. What drafts say: tests/integration/test_infer.py. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "infer/infer.h"
#include "schema/schema.h"
#include "support/cmocka_all.h"

#define BYTES(text) (text), sizeof(text) - 1

static void check_draft(const struct draft *draft)
{
	struct buf text;
	struct err err = {0};
	struct schema *schema = NULL;
	buf_init(&text, 1 << 20);
	draft_print_entry(draft, &text);
	assert_true(text.len > 0 && !text.overflow);
	buf_clear(&text);
	draft_print_schema(draft, &text);
	assert_ok(schema_parse(buf_text(&text), text.len, "draft", &schema, &err));
	schema_free(schema);
	buf_release(&text);
}

static void infer_bytes(const char *name, const void *data, size_t n)
{
	struct draft *draft = NULL;
	struct err err = {0};
	int fd = memfd_create("file", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(file_write_all(fd, data, n, &err));
	if (infer_file(fd, name, &draft, &err))
		check_draft(draft);
	else
		assert_int_equal(err.class, ERR_DATA);
	draft_free(draft);
	close(fd);
}

static void infer_all(const char *name, const char *text, size_t n)
{
	char bytes[512];
	assert_true(n <= sizeof(bytes));
	for (size_t i = 0; i <= n; i++)
		infer_bytes(name, text, i);
	for (size_t i = 0; i < n; i += 7) {
		memcpy(bytes, text, n);
		bytes[i] = (char)(bytes[i] ^ (1 << (i / 7 % 8)));
		infer_bytes(name, bytes, n);
	}
}

static void csv(void **state)
{
	(void)state;
	infer_all(
		"a.csv", BYTES("id,\"na\"\"me\",d \xC3\xA9,d \xC3\xA9\n1,\"x\ny\",31/12/2024,1e5\n"
			       "2,NA,01/02/2024,-1.50\n,\\N,,\n# z\n"));
	infer_all("a.csv", BYTES("Report\n;\na;b;c\n1.234,5;'x;y';10:00\n7;'it''s';\n"));
	infer_all("a.csv",
		BYTES(",,2020,,x,\nid,n,a,b,a,b\n,,cm,kg,,\n1,u,1.5,2,3,4\n2,v,5,6,..,8\n"));
	infer_all("a.csv", BYTES("Source,\n\ntown,2019-01,2019-02,2019-03,\nUlm,1.5,,3,\n"));
	infer_all("a.csv", BYTES("\xFF\xFE"
				 "a\0,\0b\0\n\0"
				 "1\0,\0x\0\n\0"));
}

static void json(void **state)
{
	(void)state;
	static const char document[] =
		"{\"meta\":{\"n\":[1]},\"d\":{\"rows\":[{\"a\":1,\"b\":{\"c.d\":\"x\",\"e\":[]}},"
		"{\"a\":2.5e3,\"b\":{\"e\":[{\"f\":null},{\"f\":true,\"g\":{}}]},\"_row\":"
		"\"\\u00e9\"}]}}";
	infer_all("a.json", BYTES(document));
	infer_all("a", BYTES("{\"a\":\"2024-01-31\",\"m\":{}}\n{\"a\":null,\"m\":{\"x\":1}}\n"));
}

static void avro(void **state)
{
	(void)state;
	infer_all("a.avro", BYTES("Obj\x01\x02\x16"
				  "avro.schema\x8c\x01"
				  "{\"type\":\"record\",\"name\":\"r\",\"fields\":["
				  "{\"name\":\"a\",\"type\":\"int\"}]}"
				  "\0SSSSSSSSSSSSSSSS\x04\x04\x02\x04SSSSSSSSSSSSSSSS"));
}

/* Names that are no names, columns beyond Postgres' limit. */
static void columns_of_all_kinds(void **state)
{
	(void)state;
	struct buf text;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < 2000; i++)
		buf_append_text(&text, i ? ",x" : "x");
	buf_append_text(&text, "\n1\n");
	infer_bytes("a.csv", text.data, text.len);
	infer_bytes("a.csv", BYTES("d !,d,D,d_2\n1,2,3,x\n"));
	infer_bytes("a.json", BYTES("[{\"a\":{\"b\":1},\"a_b\":2,\"A_b\":3}]"));
	infer_bytes("*?.csv", BYTES("a,A,_file,_row,\n1,2,3,4,5\n"));
	infer_bytes("...", BYTES("\"\",\" \",--,9\n1,2,3,4\n"));
	infer_bytes("1.json", BYTES("[{\"\":1,\".\":2,\"a.b\":{\"\\\\\":3,\"\":4}}]"));
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv),
		cmocka_unit_test(json),
		cmocka_unit_test(avro),
		cmocka_unit_test(columns_of_all_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
