/* SPDX-License-Identifier: Apache-2.0 */
/* Random files that Python wrote, and our reading of them in the words Python expects. */
#ifndef PENSTOCK_TESTS_FORMAT_ORACLE_H
#define PENSTOCK_TESTS_FORMAT_ORACLE_H

#include <stdio.h>
#include <string.h>

#include "records.h"

struct oracle {
	char folder[64];
	struct buf text;     /* the file in hand */
	struct buf expected; /* what its records are */
	struct buf ours;
};

/* Runs a script of this folder for `files` files of `folder`. */
static inline void oracle_run(const char *script, const char *folder, int files, int seed)
{
	char command[512];
	snprintf(command, sizeof(command), "/usr/bin/python3 %s/tests/unit/format/%s %s %d %d",
		SOURCE_DIR, script, folder, files, seed);
	assert_int_equal(system(command), 0);
}

static inline void oracle_init(struct oracle *oracle)
{
	snprintf(oracle->folder, sizeof(oracle->folder), "/tmp/penstock-oracle-XXXXXX");
	assert_non_null(mkdtemp(oracle->folder));
	buf_init(&oracle->text, 1 << 20);
	buf_init(&oracle->expected, 1 << 20);
	buf_init(&oracle->ours, 1 << 20);
}

static inline void oracle_release(struct oracle *oracle)
{
	char command[80];
	buf_release(&oracle->text);
	buf_release(&oracle->expected);
	buf_release(&oracle->ours);
	snprintf(command, sizeof(command), "rm -r %s", oracle->folder);
	assert_int_equal(system(command), 0);
}

static inline void oracle_file(
	const struct oracle *oracle, int n, const char *suffix, struct buf *ret_content)
{
	struct err err = {0};
	char path[128];
	snprintf(path, sizeof(path), "%s/%d.%s", oracle->folder, n, suffix);
	buf_clear(ret_content);
	assert_ok(file_read(path, ret_content, &err));
}

/* All records of `text`, read in pieces of `piece` bytes: each cell behind 0x1F, 0x1E behind all;
 * before them "start-end" and a bad one's reason when `ranges`; else a bad one fails the test. */
static inline void oracle_read(const struct reading *reading, const struct string_list *wanted,
	const struct buf *text, size_t piece, bool ranges, struct buf *out)
{
	struct err err = {0};
	struct reader *reader = NULL;
	const struct record *record = NULL;
	struct input *input = memory_input(text->data, text->len);
	assert_ok(reader_open_pieces(reading, input, wanted, piece, &reader, &err));
	for (;;) {
		assert_ok(reader_next(reader, &record, &err));
		if (!record)
			break;
		if (ranges)
			buf_printf(out, "%lld-%lld%s", (long long)record->start,
				(long long)record->end, record->bad ? record->reason : "");
		else if (record->bad)
			fail_msg("%s: %s", record->column, record->reason);
		for (size_t i = 0; !record->bad && i < record->cell_count; i++) {
			const struct cell *cell = &record->cells[i];
			buf_append_byte(out, 0x1F);
			buf_append(out, cell->data, cell->kind == CELL_MISSING ? 0 : cell->len);
		}
		buf_append_byte(out, 0x1E);
	}
	assert_int_equal(reader_position(reader), text->len);
	reader_close(reader);
	input_close(input);
}

#endif
