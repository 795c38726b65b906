/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset/dataset.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "support/cmocka_all.h"

static char folder[] = "/tmp/penstock-dataset-XXXXXX";

static const char schema_text[] =
	"{\"type\": \"record\", \"name\": \"row\", \"fields\": [\n"
	" {\"name\": \"id\", \"type\": \"long\"},\n"
	" {\"name\": \"at\", \"type\": [\"null\", {\"type\": \"long\", \"logicalType\": "
	"\"timestamp-micros\"}], \"default\": null},\n"
	" {\"name\": \"tags\", \"type\": {\"type\": \"array\", \"items\": \"string\"}},\n"
	" {\"name\": \"year\", \"type\": \"int\", \"aliases\": [\"jahr\"]}]}\n";

static void write_file(const char *name, const char *text)
{
	struct err err;
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_ok(file_replace(path, text, strlen(text), &err));
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	write_file("row.avsc", schema_text);
	write_file("broken.avsc", "{\"type\": \"record\"}");
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"row.avsc", "broken.avsc", "penstock.yml"};
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static struct config load_config(const char *text)
{
	struct err err;
	struct config config;
	const struct config_source source = {.folder = folder};
	write_file("penstock.yml", text);
	assert_ok(config_load(&source, &config, &err));
	return config;
}

static void refused(const char *entry, const char *part)
{
	struct err err;
	struct datasets datasets;
	char text[512];
	snprintf(text, sizeof(text), "datasets:\n  a: {schema: row.avsc, files: f, table: t, %s}\n",
		entry);
	struct config config = load_config(text);
	assert_err(datasets_load(&config, &datasets, &err), ERR_FATAL, part);
	assert_int_equal(err_exit_code(&err), 2);
	assert_non_null(strstr(err.message, "penstock.yml:2: datasets.a."));
	config_release(&config);
}

static void a_dataset_is_put_together(void **state)
{
	(void)state;
	struct err err;
	struct datasets datasets;
	struct config config =
		load_config("topics: {prefix: p.}\ndatasets:\n"
			    "  a: {schema: row.avsc, files: f, table: s.t, key: [year, id],\n"
			    "    on_conflict: {greatest: at}}\n"
			    "  b: {schema: row.avsc, files: g, table: u, key: [_file, _row]}\n");
	assert_ok(datasets_load(&config, &datasets, &err));
	assert_int_equal(datasets.count, 2);
	assert_string_equal(datasets.dead_topic, "p.dead");
	const struct dataset *a = datasets_find(&datasets, "a");
	assert_string_equal(a->topic, "p.a");
	assert_int_equal(a->key_count, 2);
	assert_int_equal(a->key_fields[0], 3);
	assert_int_equal(a->key_fields[1], 0);
	assert_int_equal(a->greatest_field, 1);
	assert_string_equal(a->table.schema, "s");
	assert_string_equal(a->table.key.items[1], "id");
	const struct dataset *b = datasets_find(&datasets, "b");
	assert_int_equal(b->key_count, 0);
	assert_int_equal(b->greatest_field, -1);
	assert_null(datasets_find(&datasets, "c"));
	datasets_release(&datasets);
	config_release(&config);
}

static void mismatches_are_refused(void **state)
{
	(void)state;
	refused("key: [idd]", "row.avsc has no field 'idd'; did you mean 'id'?");
	refused("key: [jahr]", "has no field 'jahr'");
	refused("key: [tags]", "field 'tags' is jsonb");
	refused("key: [id], on_conflict: {greatest: nothing}", "has no field 'nothing'");
	refused("key: [id], on_conflict: {greatest: tags}", "only single values");
	refused("key: [id], unpivot: {names: yaer, values: id}", "did you mean 'year'?");
	refused("key: [id], unpivot: {names: tags, values: id}", "cannot take a column's header");
	refused("key: [id], unpivot: {names: year, values: id, keep: [jahr]}", "takes the headers");
	refused("key: [id], unpivot: {names: year, values: id}",
		"field 'tags' is neither kept nor names nor values");
	refused("key: [id], fields: {id: {path: a.b}}", "a path leads into JSON, this is CSV");
	refused("key: [id], format: avro, fields: {id: {path: a.b}}",
		"a path leads into JSON, this is Avro");
	refused("key: [id], csv: {header: 0, columns: [id, tgs, year]}",
		"a.csv.columns: header: missing columns: tags; columns the schema does not name: "
		"tgs");
	refused("key: [id], fields: {ids: {pattern: '%H'}}", "a.fields.ids: ");
	refused("key: [id], fields: {yaer: {pattern: '%H'}}", "did you mean 'year'?");
	refused("key: [id], fields: {jahr: {pattern: '%H'}}", "has no field 'jahr'");
	refused("key: [id], fields: {at: {pattern: ['%Y-%m-%d', '%H:%M']}}",
		"a.fields.at: pattern '%H:%M' has no date");
	refused("key: [id], fields: {at: {pattern: '%Q'}}", "a.fields.at: '%Q': after %");
	refused("key: [id], fields: {id: {'true': J, 'false': N}}", "a.fields.id: the field is no");
}

static void every_dataset_is_looked_at(void **state)
{
	(void)state;
	struct err err;
	struct datasets datasets;
	struct config config =
		load_config("datasets:\n  a: {schema: broken.avsc, files: f, table: t, key: k}\n"
			    "  b: {schema: nothere.avsc, files: f, table: u, key: k}\n"
			    "  c: {schema: row.avsc, files: f, table: v, key: k}\n");
	assert_err(datasets_load(&config, &datasets, &err), ERR_FATAL, "datasets.a.schema: ");
	assert_non_null(strstr(err.message, "broken.avsc"));
	assert_non_null(strstr(err.message, "nothere.avsc"));
	assert_non_null(strstr(err.message, "penstock.yml:4: datasets.c.key"));
	config_release(&config);
}

static void an_unpivoted_dataset_fills_every_field(void **state)
{
	(void)state;
	struct err err;
	struct datasets datasets;
	struct config config =
		load_config("datasets:\n  a: {schema: row.avsc, files: f, table: t, key: id,\n"
			    "    unpivot: {names: jahr, values: at, keep: [id, tags]}}\n");
	assert_err(datasets_load(&config, &datasets, &err), ERR_FATAL, "has no field 'jahr'");
	config_release(&config);
	config = load_config("datasets:\n  a: {schema: row.avsc, files: f, table: t, key: id,\n"
			     "    unpivot: {names: id, values: at, keep: [jahr, tags]}}\n");
	assert_ok(datasets_load(&config, &datasets, &err));
	datasets_release(&datasets);
	config_release(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dataset_is_put_together),
		cmocka_unit_test(mismatches_are_refused),
		cmocka_unit_test(every_dataset_is_looked_at),
		cmocka_unit_test(an_unpivoted_dataset_fills_every_field),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
