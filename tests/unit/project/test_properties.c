/* SPDX-License-Identifier: Apache-2.0 */
/* Thresholds; a property file and the head of a SQL check, cut at every byte and with each changed.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/file.h"
#include "project/project.h"
#include "support/cmocka_all.h"
#include "support/folder.h"

static void thresholds_are_met(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool met[4]; /* with 0, 1, 5, 9 failures */
	} rows[] = {
		{"!= 0", {false, true, true, true}},
		{"<>1", {true, false, true, true}},
		{" = 5 ", {false, false, true, false}},
		{"==5", {false, false, true, false}},
		{">5", {false, false, false, true}},
		{">= 5", {false, false, true, true}},
		{"< 5", {true, true, false, false}},
		{"<=5", {true, true, true, false}},
		{"BETWEEN 1 and 5", {false, true, true, false}},
		{"not between 1 AND 5", {true, false, false, true}},
		{"> -1", {true, true, true, true}},
	};
	static const int64_t failures[] = {0, 1, 5, 9};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct threshold threshold;
		if (!threshold_parse(rows[i].text, &threshold))
			fail_msg("%s is not understood", rows[i].text);
		for (size_t j = 0; j < 4; j++)
			if (threshold_met(&threshold, failures[j]) != rows[i].met[j])
				fail_msg("%s with %d", rows[i].text, (int)failures[j]);
	}
}

static void other_thresholds_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", " ", "5", "> ", "> 5 or 1", ">5;", "> 1.5", "=> 5",
		"between 1", "between 1 and", "between and 5", "not 5", "!5",
		"> 99999999999999999999", "> 1e3", "> 0x10", "> '5'", "between 1 and 5 and 7"};
	struct threshold threshold = {0};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (threshold_parse(texts[i], &threshold))
			fail_msg("%s is understood", texts[i]);
	assert_null(threshold.text);
}

static const char properties[] =
	"version: 2\n"
	"sources:\n"
	"- name: raw\n"
	"  schema: Raw\n"
	"  freshness: {warn_after: {count: 12, period: hour}, error_after: {count: 2, period: "
	"day}}\n"
	"  tables:\n"
	"  - name: orders\n"
	"    identifier: o\n"
	"    loaded_at_field: max_at\n"
	"    tests: [row_count: {min: 1}, unique_combination_of_columns: [a, b]]\n"
	"    columns:\n"
	"    - name: a\n"
	"      data_tests:\n"
	"      - accepted_values: {values: [x, 'y'], quote: false, error_if: '> 5'}\n"
	"      - accepted_range: {min_value: 2020-01-01, max_value: now(), config: {where: b > "
	"1}}\n"
	"      - relationships: {arguments: {to: \"source('raw', 'orders')\", field: b}}\n"
	"      - unique_across: [x.y.z, y.z]\n"
	"      - {test_name: not_null_proportion, name: p, at_least: 0.5, limit: 3}\n"
	"      - dbt_utils.expression_is_true: '> 0'\n"
	"models:\n"
	"- name: m\n"
	"  description: a model\n"
	"  columns: [{name: a, tests: [unique, recency: {interval: 1, datepart: day}]}]\n";

static const char check[] = "-- severity: warn\n"
			    "-- error_if: between 1 and 5\n"
			    "-- store_failures: true\n"
			    "SELECT 1";

struct written {
	struct arena arena;
	struct config config;
	const char *properties;
	const char *check;
};

static void write_file(const char *path, const char *text, size_t n)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	fclose(file);
}

static void write_project(struct written *written, const char *folder)
{
	arena_init(&written->arena, 1 << 20);
	const char *models = file_join(&written->arena, folder, "models");
	const char *marts = file_join(&written->arena, models, "marts");
	const char *checks = file_join(&written->arena, folder, "checks");
	assert_int_equal(mkdir(models, 0700) + mkdir(marts, 0700) + mkdir(checks, 0700), 0);
	write_file(file_join(&written->arena, marts, "m.sql"), "SELECT 1 AS a", 13);
	written->properties = file_join(&written->arena, models, "p.yml");
	written->check = file_join(&written->arena, checks, "c.sql");
	written->config = (struct config){.models = models};
	write_file(written->properties, properties, strlen(properties));
	write_file(written->check, check, strlen(check));
}

/* It loads, or says which file is wrong. */
static void load(const struct written *written, size_t *ret_checks)
{
	struct err err = {0};
	struct project project;
	if (project_load(&written->config, &project, &err)) {
		*ret_checks = project.check_count;
		project_release(&project);
		return;
	}
	assert_int_equal(err.from, ERR_FROM_CONFIG);
	if (!strstr(err.message, "p.yml") && !strstr(err.message, "c.sql"))
		fail_msg("'%s' names no file", err.message);
}

static void write_and_load(struct written *written, const char *text, struct project *ret_project)
{
	struct err err = {0};
	write_file(written->properties, text, strlen(text));
	if (!project_load(&written->config, ret_project, &err))
		fail_msg("%s", err.message);
}

/* As in dbt: what a table does not say it has from its source. */
static void freshness_is_inherited(void **state)
{
	static const char text[] =
		"sources:\n"
		"- name: raw\n"
		"  loaded_at_field: at\n"
		"  freshness: {warn_after: {count: 1, period: minute}, error_after: {count: 2, "
		"period: minute}, filter: a > 1}\n"
		"  tables:\n"
		"  - {name: all}\n"
		"  - {name: own, freshness: {error_after: {count: 1, period: hour}}}\n"
		"  - {name: mild, freshness: {error_after: }}\n"
		"  - {name: never, freshness: }\n";
	static const struct {
		const char *table;
		int64_t warn;
		int64_t error;
	} expected[] = {{"all", 60, 120}, {"own", 60, 3600}, {"mild", 60, 0}};
	struct written written;
	struct project project;
	write_project(&written, *state);
	write_and_load(&written, text, &project);
	assert_int_equal(project.check_count, 4); /* with sql/checks */
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(project.checks[i].table, expected[i].table);
		assert_int_equal(project.checks[i].warn_after_s, expected[i].warn);
		assert_int_equal(project.checks[i].error_after_s, expected[i].error);
		assert_string_equal(project.checks[i].where, "a > 1");
	}
	project_release(&project);
	arena_release(&written.arena);
}

static void every_prefix_ends_well(void **state)
{
	struct written written;
	size_t checks = 0;
	write_project(&written, *state);
	for (size_t n = 0; n < strlen(properties); n++) {
		write_file(written.properties, properties, n);
		load(&written, &checks);
	}
	write_file(written.properties, properties, strlen(properties));
	for (size_t n = 0; n < strlen(check); n++) {
		write_file(written.check, check, n);
		load(&written, &checks);
	}
	write_file(written.check, check, strlen(check));
	checks = 0;
	load(&written, &checks);
	assert_int_equal(checks, 12);
	arena_release(&written.arena);
}

static void every_changed_byte_ends_well(void **state)
{
	static const char bytes[] = {'"', '{', ':', '-', ' ', '\n', '\x80'};
	char changed[sizeof(properties)];
	struct written written;
	size_t checks = 0;
	write_project(&written, *state);
	for (size_t i = 0; i < strlen(properties); i++) {
		memcpy(changed, properties, sizeof(changed));
		changed[i] = bytes[i % sizeof(bytes)];
		write_file(written.properties, changed, strlen(properties));
		load(&written, &checks);
	}
	arena_release(&written.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_are_met),
		cmocka_unit_test(other_thresholds_are_refused),
		cmocka_unit_test_setup_teardown(freshness_is_inherited, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(every_prefix_ends_well, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			every_changed_byte_ends_well, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
