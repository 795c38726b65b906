/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the file's name, the rest is the file: a draft is YAML and a schema, or
 * there is a reason of class DATA. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "config/tree.h"
#include "infer/infer.h"
#include "schema/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(const struct draft *draft)
{
	struct arena arena;
	struct tree_node *root = NULL;
	struct buf text;
	arena_init(&arena, (size_t)64 << 20);
	buf_init(&text, (size_t)16 << 20);
	buf_append_text(&text, "datasets:\n");
	draft_print_entry(draft, &text);
	/* Fields without number are more than a configuration may have. */
	if (text.len < 100000 &&
		!tree_parse(buf_text(&text), text.len, "draft", &arena, &root, NULL))
		abort();
	buf_release(&text);
	arena_release(&arena);
}

static void check_schema(const struct draft *draft)
{
	struct schema *schema = NULL;
	struct buf text;
	buf_init(&text, (size_t)16 << 20);
	draft_print_schema(draft, &text);
	if (!schema_parse(buf_text(&text), text.len, "draft", &schema, NULL))
		abort();
	schema_free(schema);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"a.csv", "a.json", "a.ndjson", "a.avro", "a", "1 *?.tsv", ".", "a.b.csv.gz"};
	struct draft *draft = NULL;
	struct err err = {0};
	if (size == 0)
		return 0;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || !file_write_all(fd, data + 1, size - 1, &err))
		abort();
	if (infer_file(fd, names[data[0] & 7], &draft, &err)) {
		check_entry(draft);
		check_schema(draft);
	} else if (err.class != ERR_DATA || !*err.message) {
		abort();
	}
	draft_free(draft);
	close(fd);
	return 0;
}
