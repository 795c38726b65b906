/* SPDX-License-Identifier: Apache-2.0 */
/* Row by row, so that what is wrong with one is told with its line. */
#include "cli/seed.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lines.h"
#include "record/lookup.h"

#define MAX_ROWS 1000000
#define MAX_ROW	 ((size_t)2 << 20)

static const struct reading seed_reading = {
	.format = FORMAT_CSV,
	.csv = {.delimiter = ",", .quote = '"', .header = 1},
};

struct seeding {
	struct database *database;
	const struct config_seed *seed;
	struct seed_table table;
	struct lines *lines;
	struct lookup keys; /* of the rows so far */
	struct buf row;	    /* the cells, each with a NUL behind it */
	const char **values;
	struct seed_result result;
};

/* Puts file and line before what err says. */
static bool at_line(struct seeding *seeding, const struct record *record, struct err *err)
{
	int64_t line = 0;
	struct err ignored;
	if (err->class == ERR_DATA) {
		err->class = ERR_FATAL;
		err->from = ERR_FROM_CONFIG;
	}
	if (!lines_find(seeding->lines, record->start, &line, &ignored))
		return err_prefix(err, "%s: record %" PRId64, seeding->seed->file, record->number);
	return err_prefix(err, "%s:%" PRId64, seeding->seed->file, line);
}

/* Nothing between two delimiters is null; "" is an empty text. */
static bool is_null(const struct cell *cell)
{
	return cell->kind != CELL_TEXT || (cell->len == 0 && !cell->quoted);
}

/* The cells as texts; offsets first, because the buffer moves. */
static bool read_row(struct seeding *seeding, const struct record *record, struct err *err)
{
	const struct seed_table *table = &seeding->table;
	buf_clear(&seeding->row);
	for (size_t i = 0; i < table->count; i++) {
		const struct cell *cell = &record->cells[i];
		if (is_null(cell) && table->columns[i].key)
			return err_config(err, "column %s, which is the key, is null",
				table->columns[i].name);
		if (!is_null(cell) && memchr(cell->data, '\0', cell->len))
			return err_config(
				err, "column %s holds a NUL byte", table->columns[i].name);
		if (!is_null(cell))
			buf_append(&seeding->row, cell->data, cell->len);
		buf_append_byte(&seeding->row, '\0');
	}
	const char *at = buf_text(&seeding->row);
	for (size_t i = 0; i < table->count; i++) {
		seeding->values[i] = is_null(&record->cells[i]) ? NULL : at;
		at += strlen(at) + 1;
	}
	return true;
}

/* A key that comes twice would never come to rest. */
static bool check_first(struct seeding *seeding, struct err *err)
{
	char key[LOOKUP_MAX_TEXT];
	size_t len = 0;
	for (size_t i = 0; i < seeding->table.count; i++) {
		const char *value = seeding->values[i] ? seeding->values[i] : "";
		size_t n = strlen(value) + 1;
		if (!seeding->table.columns[i].key)
			continue;
		if (len + n > sizeof(key))
			return err_config(err, "a key has %d bytes at most", LOOKUP_MAX_TEXT);
		memcpy(key + len, value, n - 1);
		key[len + n - 1] = '\x1f';
		len += n;
	}
	size_t before = seeding->keys.count;
	lookup_want(&seeding->keys, key, len);
	return seeding->keys.count > before || err_config(err, "the key stands in a line before");
}

static bool write_row(struct seeding *seeding, struct err *err)
{
	struct database_rows *rows = NULL;
	if (!database_query(seeding->database, seeding->table.upsert, seeding->values,
		    seeding->table.count, &rows, err))
		return false;
	seeding->result.changed += database_int(rows, 0, 0);
	seeding->result.added += database_int(rows, 0, 1);
	database_rows_free(rows);
	return true;
}

static bool load_record(struct seeding *seeding, const struct record *record, struct err *err)
{
	if (record->bad)
		err_config(err, "%s", record->reason);
	else if (++seeding->result.rows > MAX_ROWS)
		err_config(err, "a seed has %d rows at most: let a dataset load larger files",
			MAX_ROWS);
	else if (read_row(seeding, record, err) && check_first(seeding, err) &&
		 write_row(seeding, err))
		return true;
	return at_line(seeding, record, err);
}

static bool load_records(struct seeding *seeding, struct reader *reader, struct err *err)
{
	const struct record *record = NULL;
	for (;;) {
		if (!reader_next(reader, &record, err))
			return err_prefix(err, "%s", seeding->seed->file);
		if (!record)
			return true;
		if (!load_record(seeding, record, err))
			return false;
	}
}

static bool load_into(struct seeding *seeding, struct reader *reader, struct err *err)
{
	if (!seed_table_open(seeding->database, seeding->seed, reader_columns(reader),
		    &seeding->table, &seeding->result.created, err))
		return false;
	seeding->values = calloc(seeding->table.count, sizeof(*seeding->values));
	if (!seeding->values)
		BUG("out of memory: a row of a seed");
	bool ok = load_records(seeding, reader, err) &&
		  seed_table_advance(seeding->database, &seeding->table, err);
	free(seeding->values);
	seed_table_release(&seeding->table);
	return ok;
}

static bool open_reader(int fd, const struct config_seed *seed, struct input **ret_input,
	struct reader **ret_reader, struct err *err)
{
	static const struct string_list nothing = {0};
	if (!input_open(fd, seed->file, &(struct input_limits){0}, ret_input, err))
		return false;
	if (reader_open(&seed_reading, *ret_input, &nothing, ret_reader, err))
		return true;
	input_close(*ret_input);
	err->from = ERR_FROM_CONFIG;
	return err_prefix(err, "%s", seed->file);
}

bool seed_load(struct database *database, const struct config_seed *seed,
	struct seed_result *ret_result, struct err *err)
{
	struct seeding seeding = {.database = database, .seed = seed};
	struct input *input = NULL;
	struct reader *reader = NULL;
	int fd = open(seed->file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "seed %s", seed->file);
	seeding.lines = calloc(1, sizeof(*seeding.lines));
	if (!seeding.lines)
		BUG("out of memory: line numbers");
	bool ok = lines_open(seeding.lines, fd, seed->file, &seed_reading, err);
	if (ok && open_reader(fd, seed, &input, &reader, err)) {
		buf_init(&seeding.row, MAX_ROW);
		lookup_init(&seeding.keys);
		ok = load_into(&seeding, reader, err);
		lookup_release(&seeding.keys);
		buf_release(&seeding.row);
		reader_close(reader);
		input_close(input);
	} else {
		ok = false;
	}
	lines_close(seeding.lines);
	free(seeding.lines);
	if (ok)
		*ret_result = seeding.result;
	return ok;
}
