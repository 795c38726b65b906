/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts -> keys. Before the load's transaction, so that workers never wait for each other's rows in
 * tables of texts: a crash in between leaves a row that nothing refers to yet. What is found is
 * kept from load to load, as long as the tables are the same ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres/quote.h"
#include "worker/load.h"

#define MAX_REFUSED 1000
#define MAX_TEXTS   (64 << 20)
#define KEPT_TEXTS  (1 << 20)

static const char state_sql[] =
	"SELECT md5(coalesce(string_agg(concat_ws(' ', u.n, c.oid, pg_relation_filenode(c.oid)), "
	"','"
	" ORDER BY u.n), '')) FROM unnest($1::text[]) WITH ORDINALITY u (name, n)"
	" JOIN pg_catalog.pg_class c ON c.oid = u.name::regclass";

static const char look_up_sql[] =
	"SELECT found_label, found_id FROM penstock.look_up($1::regclass, $2, $3, $4::text[])";

static struct dimension *add(struct loader *loader, const struct config_lookup *config)
{
	struct dimensions *dimensions = &loader->dimensions;
	struct buf target;
	buf_init(&target, 1000);
	quote_qualified(&target, config->table.schema, config->table.name);
	const char *name = arena_strdup(&loader->arena, buf_text(&target));
	buf_release(&target);
	for (size_t i = 0; i < dimensions->count; i++)
		if (strcmp(dimensions->items[i].target, name) == 0)
			return &dimensions->items[i];
	struct dimension *dimension = &dimensions->items[dimensions->count++];
	*dimension = (struct dimension){.config = config, .target = name};
	lookup_init(&dimension->lookup);
	return dimension;
}

void dimensions_init(struct loader *loader)
{
	const struct dataset *dataset = loader->dataset;
	struct dimensions *dimensions = &loader->dimensions;
	size_t count = dataset->lookup_count;
	buf_init(&dimensions->texts, MAX_TEXTS);
	if (!count)
		return;
	dimensions->items = arena_calloc(&loader->arena, count, sizeof(*dimensions->items));
	dimensions->by_field =
		arena_calloc(&loader->arena, dataset->schema->field_count, sizeof(struct lookup *));
	for (size_t i = 0; i < count; i++) {
		const struct dataset_lookup *lookup = &dataset->lookups[i];
		dimensions->by_field[lookup->field] = &add(loader, lookup->config)->lookup;
	}
	array_begin(&loader->text);
	for (size_t i = 0; i < dimensions->count; i++)
		array_add(&loader->text, dimensions->items[i].target);
	array_end(&loader->text);
	dimensions->names = arena_strdup(&loader->arena, buf_text(&loader->text));
	buf_clear(&loader->text);
}

void dimensions_release(struct dimensions *dimensions)
{
	for (size_t i = 0; i < dimensions->count; i++)
		lookup_release(&dimensions->items[i].lookup);
	buf_release(&dimensions->texts);
	*dimensions = (struct dimensions){0};
}

void dimensions_forget(struct dimensions *dimensions)
{
	dimensions->state[0] = '\0';
	for (size_t i = 0; i < dimensions->count; i++)
		lookup_clear(&dimensions->items[i].lookup);
}

/* Another table, or an emptied one, has another oid or file. */
static bool read_state(struct loader *loader, char ret_state[33], struct err *err)
{
	const char *const values[] = {loader->dimensions.names};
	struct database_rows *rows;
	if (!database_query(loader->database, state_sql, values, 1, &rows, err))
		return false;
	snprintf(ret_state, 33, "%s", database_text(rows, 0, 0));
	database_rows_free(rows);
	return true;
}

/* ---- before the transaction ---- */

static bool is_alive(const struct load_slot *slot)
{
	return slot->state != SLOT_DEAD;
}

/* What a chunk's schema is not good for is told inside the transaction, if the chunk is new. */
static bool collect(
	struct load_batch *batch, bool (*wanted)(const struct load_slot *slot), struct err *err)
{
	struct loader *loader = batch->loader;
	for (size_t i = 0; i < batch->count; i++) {
		const struct load_slot *slot = &batch->slots[i];
		struct transcoder *transcoder;
		struct err why;
		if (!wanted(slot))
			continue;
		if (writer_find(loader, &slot->item->chunk, &transcoder, &why)) {
			transcoder_want(transcoder, &slot->item->chunk);
		} else if (why.class != ERR_PAUSE) {
			*err = why;
			return false;
		}
	}
	return true;
}

/* The wanted texts among items [from, to) as an array literal; how many. */
static size_t list_wanted(
	struct loader *loader, const struct lookup *lookup, size_t from, size_t to)
{
	size_t count = 0;
	struct buf *texts = &loader->dimensions.texts;
	buf_clear(texts);
	array_begin(texts);
	for (size_t i = from; i < to; i++) {
		const struct lookup_text *text = &lookup->items[i];
		if (!text->wanted)
			continue;
		array_add_n(texts, text->text, text->len);
		count++;
	}
	array_end(texts);
	return count;
}

static bool ask(struct loader *loader, struct dimension *dimension, struct err *err)
{
	const struct config_lookup *config = dimension->config;
	struct buf *texts = &loader->dimensions.texts;
	if (texts->overflow)
		return err_fail(err, ERR_FATAL,
			"more than %d bytes of new texts at once: lower the group's size",
			MAX_TEXTS);
	const char *const values[] = {dimension->target, config->id, config->text, buf_text(texts)};
	struct database_rows *rows;
	if (!database_query(loader->database, look_up_sql, values, 4, &rows, err))
		return false;
	for (size_t i = 0; i < database_row_count(rows); i++)
		if (database_text(rows, i, 1))
			lookup_give(&dimension->lookup, database_text(rows, i, 0),
				(int32_t)database_int(rows, i, 1));
	database_rows_free(rows);
	return true;
}

/* Inside somebody else's transaction an error must not end it. */
static bool try_to_ask(struct loader *loader, struct dimension *dimension, struct err *err)
{
	struct database *database = loader->database;
	if (!loader->dimensions.within)
		return ask(loader, dimension, err);
	if (!database_exec(database, "SAVEPOINT penstock_look_up", err))
		return false;
	struct err ignored; /* the better message is there already */
	bool asked = ask(loader, dimension, err);
	bool ended = database_exec(database,
		asked && !loader->dimensions.look ? "RELEASE SAVEPOINT penstock_look_up"
						  : "ROLLBACK TO SAVEPOINT penstock_look_up",
		asked ? err : &ignored);
	if (!asked && !ended)
		err->class = ERR_RETRY;
	return asked && ended;
}

static bool refuse(
	struct dimension *dimension, size_t from, size_t to, const struct err *why, struct err *err)
{
	struct lookup *lookup = &dimension->lookup;
	if (lookup->refused >= MAX_REFUSED)
		return err_fail(err, ERR_PAUSE, "table %s refuses more than %d texts, the last: %s",
			dimension->target, MAX_REFUSED, why->message);
	for (size_t i = from; i < to; i++)
		if (lookup->items[i].wanted)
			lookup_refuse(lookup, i, why->native, why->message);
	return true;
}

/* What one text does to the table it must not do to the others: halves find it. */
static bool settle(
	struct loader *loader, struct dimension *dimension, size_t from, size_t to, struct err *err)
{
	size_t count = list_wanted(loader, &dimension->lookup, from, to);
	struct err why;
	if (count == 0 || try_to_ask(loader, dimension, &why))
		return true;
	if (why.class != ERR_DATA || strcmp(why.native, "23502") == 0) {
		if (why.class == ERR_DATA)
			why.class = ERR_PAUSE; /* no text's doing */
		*err = why;
		return false;
	}
	if (count == 1)
		return refuse(dimension, from, to, &why, err);
	size_t middle = from + (to - from) / 2;
	return settle(loader, dimension, from, middle, err) &&
	       settle(loader, dimension, middle, to, err);
}

static bool settle_all(struct loader *loader, struct dimension *dimension, struct err *err)
{
	struct lookup *lookup = &dimension->lookup;
	if (!settle(loader, dimension, lookup->first_wanted, lookup->count, err))
		return false;
	for (size_t i = lookup->first_wanted; i < lookup->count; i++)
		if (lookup->items[i].wanted)
			return err_fail(err, ERR_PAUSE,
				"table %s took a new text without an error and does not have it: a"
				" trigger or a rule drops rows, or %s is null there",
				dimension->target, dimension->config->id);
	lookup_settle(lookup);
	buf_clear(&loader->dimensions.texts);
	buf_trim(&loader->dimensions.texts, KEPT_TEXTS);
	return true;
}

static bool note(struct load_batch *batch, bool (*wanted)(const struct load_slot *slot),
	bool within, struct err *err)
{
	struct loader *loader = batch->loader;
	struct dimensions *dimensions = &loader->dimensions;
	if (dimensions->count == 0)
		return true;
	loader->decoded = NULL; /* keys may have changed */
	dimensions->within = within;
	if (!dimensions->state[0] && !read_state(loader, dimensions->state, err))
		return false;
	for (size_t i = 0; i < dimensions->count; i++)
		lookup_begin(&dimensions->items[i].lookup);
	if (!collect(batch, wanted, err))
		return false;
	for (size_t i = 0; i < dimensions->count; i++)
		if (!settle_all(loader, &dimensions->items[i], err))
			return false;
	return true;
}

bool lookups_note(struct load_batch *batch, struct err *err)
{
	return note(batch, is_alive, batch->within, err);
}

bool lookups_note_new(struct load_batch *batch, struct err *err)
{
	return note(batch, slot_has_rows, true, err);
}

/* ---- inside the transaction ---- */

bool lookups_check(struct load_batch *batch, struct err *err)
{
	struct loader *loader = batch->loader;
	struct dimensions *dimensions = &loader->dimensions;
	char state[33];
	if (dimensions->count == 0)
		return true;
	if (!read_state(loader, state, err))
		return false;
	if (strcmp(state, dimensions->state) == 0)
		return true;
	dimensions_forget(dimensions);
	batch->again = true;
	return err_fail(err, ERR_RETRY, "a table of texts was emptied or remade meanwhile");
}

static bool is_excepted(const struct row_set *set, size_t index)
{
	for (size_t i = 0; set->except && i < set->except->count; i++)
		if (set->except->items[i].index == index)
			return true;
	return false;
}

bool lookups_judge(struct load_batch *batch, const struct row_set *set, struct err *err)
{
	const struct copy_rows *rows = &batch->loader->rows;
	for (size_t i = 0; i < rows->unkeyed_count; i++) {
		const struct unkeyed_row *row = &rows->unkeyed[i];
		if (row->index < set->from || row->index >= set->to || is_excepted(set, row->index))
			continue;
		if (!row->text || row->text->wanted) {
			batch->again = true;
			return err_fail(err, ERR_RETRY, "a text was not looked up in time");
		}
		batch->loader->blamed = row->index;
		err_fail(err, ERR_DATA, "%s", row->text->reason);
		snprintf(err->native, sizeof(err->native), "%s", row->text->native);
		snprintf(err->detail, sizeof(err->detail), "%s", row->field->name);
		return false;
	}
	return true;
}
