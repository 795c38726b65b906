/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset/dataset.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "cutter/cutter.h"
#include "record/encoder.h"

#define TOPIC_NAME_MAX 249 /* Kafka's */

static const size_t max_problems = 10;

struct checker {
	const struct config *config;
	const struct dataset *dataset;
	struct buf problems; /* one a line */
	size_t count;
};

static void problem(struct checker *checker, const char *key, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
static void problem(struct checker *checker, const char *key, const char *fmt, ...)
{
	const struct config_dataset *config = checker->dataset->config;
	char message[512];
	if (checker->count++ >= max_problems)
		return;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	buf_printf(&checker->problems, "%s%s:%d: datasets.%s.%s: %s",
		checker->count > 1 ? "\n" : "", checker->config->path, config->line, config->name,
		key, message);
}

/* The field's index; -1, and a problem, when there is none. */
static int find_field(struct checker *checker, const char *key, const char *name, bool aliases)
{
	const struct schema *schema = checker->dataset->schema;
	int field = schema_find_field(schema, name, strlen(name), aliases);
	if (field >= 0)
		return field;
	struct nearest nearest;
	nearest_begin(&nearest, name);
	for (size_t i = 0; i < schema->field_count; i++)
		nearest_try(&nearest, schema->fields[i].name);
	problem(checker, key, "%s has no field '%s'%s%s%s", checker->dataset->config->schema, name,
		nearest.best ? "; did you mean '" : "", nearest.best ? nearest.best : "",
		nearest.best ? "'?" : "");
	return -1;
}

/* What has an order and an index in Postgres. */
static bool is_scalar(const struct field *field)
{
	switch (field->type->kind) {
	case TYPE_NULL:
	case TYPE_RECORD:
	case TYPE_ARRAY:
	case TYPE_MAP:
		return false;
	default:
		return field->column_type != COLUMN_JSON && field->column_type != COLUMN_JSONB;
	}
}

static int find_scalar(struct checker *checker, const char *key, const char *name)
{
	int field = find_field(checker, key, name, false);
	if (field < 0 || is_scalar(&checker->dataset->schema->fields[field]))
		return field;
	problem(checker, key, "field '%s' is %s: only single values can be compared", name,
		checker->dataset->schema->fields[field].column_sql);
	return -1;
}

static void check_key(struct checker *checker, struct dataset *dataset, struct arena *arena)
{
	const struct string_list *key = &dataset->config->reading.key;
	int *fields = arena_calloc(arena, key->count + 1, sizeof(*fields));
	for (size_t i = 0; i < key->count; i++)
		fields[i] = find_scalar(checker, "key", key->items[i]);
	dataset->key_fields = fields;
	dataset->key_count = key->count;
}

/* Before the key, whose columns may be among them. */
static void check_lookups(struct checker *checker, struct dataset *dataset, struct arena *arena)
{
	const struct config_dataset *config = dataset->config;
	struct dataset_lookup *lookups =
		arena_calloc(arena, config->lookup_count + 1, sizeof(*lookups));
	for (size_t i = 0; i < config->lookup_count; i++) {
		const struct config_lookup *lookup = &config->lookups[i];
		int field = find_field(checker, "lookups", lookup->field, false);
		struct err err;
		if (field < 0)
			continue;
		if (!schema_look_up(dataset->schema, (size_t)field, lookup->column, &err))
			problem(checker, "lookups", "%s", err.message);
		lookups[dataset->lookup_count++] = (struct dataset_lookup){lookup, (size_t)field};
	}
	dataset->lookups = lookups;
}

/* The columns of the key fields; those that do not exist were told. */
static void fill_table_key(struct dataset *dataset, struct arena *arena)
{
	const char **columns = arena_calloc(arena, dataset->key_count + 1, sizeof(*columns));
	struct string_list *key = &dataset->table.key;
	for (size_t i = 0; i < dataset->key_count; i++)
		if (dataset->key_fields[i] >= 0)
			columns[key->count++] =
				dataset->schema->fields[dataset->key_fields[i]].column;
	key->items = columns;
}

static void check_greatest(struct checker *checker, struct dataset *dataset)
{
	const struct config_dataset *config = dataset->config;
	if (config->on_conflict != CONFLICT_GREATEST)
		return;
	int field = find_scalar(checker, "on_conflict", config->greatest);
	dataset->greatest_field = field;
	if (field >= 0 && dataset->schema->fields[field].column_type == COLUMN_KEY)
		problem(checker, "on_conflict",
			"field '%s' is looked up: which of its keys is greater means nothing",
			config->greatest);
}

static bool list_has(const struct string_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

/* Whether an unpivoted row gives the field a value. */
static bool is_unpivoted_to(const struct unpivot *unpivot, const struct field *field)
{
	if (strcmp(unpivot->names, field->name) == 0 || strcmp(unpivot->values, field->name) == 0 ||
		list_has(&unpivot->keep, field->name))
		return true;
	for (size_t i = 0; i < field->alias_count; i++)
		if (list_has(&unpivot->keep, field->aliases[i]))
			return true;
	return false;
}

static void check_unpivot(struct checker *checker)
{
	const struct dataset *dataset = checker->dataset;
	const struct unpivot *unpivot = &dataset->config->reading.unpivot;
	if (!unpivot->enabled)
		return;
	int names = find_field(checker, "unpivot.names", unpivot->names, false);
	int values = find_field(checker, "unpivot.values", unpivot->values, false);
	if (names >= 0 && !is_scalar(&dataset->schema->fields[names]))
		problem(checker, "unpivot.names", "field '%s' cannot take a column's header",
			unpivot->names);
	for (size_t i = 0; i < unpivot->keep.count; i++) {
		int kept = find_field(checker, "unpivot.keep", unpivot->keep.items[i], true);
		if (kept >= 0 && (kept == names || kept == values))
			problem(checker, "unpivot.keep",
				"field '%s' takes the headers or cells already",
				unpivot->keep.items[i]);
	}
	for (size_t i = 0; i < dataset->schema->field_count; i++) {
		const struct field *field = &dataset->schema->fields[i];
		if (!is_unpivoted_to(unpivot, field) && !field->type->nullable &&
			!field->default_json)
			problem(checker, "unpivot",
				"field '%s' is neither kept nor names nor values, and has no "
				"default",
				field->name);
	}
}

static void check_fields(struct checker *checker)
{
	const struct dataset *dataset = checker->dataset;
	const struct reading *reading = &dataset->config->reading;
	for (size_t i = 0; i < reading->field_count; i++) {
		const struct field_reading *field = &reading->fields[i];
		struct err err;
		char key[128];
		snprintf(key, sizeof(key), "fields.%.100s", field->name);
		if (*field->path &&
			(reading->format == FORMAT_CSV || reading->format == FORMAT_AVRO))
			problem(checker, key, "path: a path leads into JSON, this is %s",
				reading->format == FORMAT_CSV ? "CSV" : "Avro");
		int at = find_field(checker, key, field->name, false);
		if (at >= 0 && !encoder_check_field(&dataset->schema->fields[at], field, &err))
			problem(checker, key, "%s", err.message);
	}
}

/* Columns the configuration names are judged now, not with every file. */
static void check_columns(struct checker *checker)
{
	const struct reading *reading = &checker->dataset->config->reading;
	struct err err;
	if (reading->format == FORMAT_CSV && reading->csv.columns.count > 0 &&
		!cutter_check_columns(reading, checker->dataset->schema, &err))
		problem(checker, "csv.columns", "%s", err.message);
}

/* False when the schema itself does not load: then nothing else can be told. */
static bool load_schema(struct checker *checker, struct dataset *dataset)
{
	struct err err;
	if (schema_load(dataset->config->schema, &dataset->schema, &err))
		return true;
	problem(checker, "schema", "%s", err.message);
	return false;
}

static void load_dataset(struct checker *checker, const struct config_dataset *config,
	struct arena *arena, struct dataset *dataset)
{
	*dataset = (struct dataset){
		.config = config,
		.topic = arena_printf(arena, "%s%s", checker->config->topics.prefix, config->name),
		.table = {config->table_schema, config->table_name, {0}},
		.greatest_field = -1,
	};
	size_t before = checker->count;
	checker->dataset = dataset;
	/* Prefix and name are at most 100 bytes each, which config_load saw to. */
	if (strlen(dataset->topic) > TOPIC_NAME_MAX)
		BUG("topic name %s is too long", dataset->topic);
	if (!load_schema(checker, dataset))
		return;
	check_lookups(checker, dataset, arena);
	check_key(checker, dataset, arena);
	fill_table_key(dataset, arena);
	check_greatest(checker, dataset);
	check_unpivot(checker);
	check_fields(checker);
	if (checker->count == before)
		check_columns(checker);
}

bool datasets_load(const struct config *config, struct datasets *ret_datasets, struct err *err)
{
	struct datasets datasets = {0};
	struct checker checker = {.config = config};
	arena_init(&datasets.arena, (size_t)64 << 20);
	buf_init(&checker.problems, 16384);
	datasets.items =
		arena_calloc(&datasets.arena, config->dataset_count + 1, sizeof(*datasets.items));
	datasets.dead_topic = arena_printf(&datasets.arena, "%sdead", config->topics.prefix);
	for (size_t i = 0; i < config->dataset_count; i++) {
		load_dataset(&checker, &config->datasets[i], &datasets.arena, &datasets.items[i]);
		datasets.count++;
	}
	bool ok = checker.count == 0;
	if (checker.count > max_problems)
		buf_printf(&checker.problems, "\nand %zu more", checker.count - max_problems);
	if (ok)
		*ret_datasets = datasets;
	else
		err_config(err, "%s", buf_text(&checker.problems));
	buf_release(&checker.problems);
	if (!ok)
		datasets_release(&datasets);
	return ok;
}

void datasets_release(struct datasets *datasets)
{
	for (size_t i = 0; i < datasets->count; i++)
		schema_free(datasets->items[i].schema);
	arena_release(&datasets->arena);
}

struct dataset *datasets_find(const struct datasets *datasets, const char *name)
{
	for (size_t i = 0; i < datasets->count; i++)
		if (strcmp(datasets->items[i].config->name, name) == 0)
			return &datasets->items[i];
	return NULL;
}
