/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_scan.h"
#include "scratch.h"

static void read_source(const char *name, struct buf *out)
{
	struct err err;
	char path[512];
	snprintf(path, sizeof(path), SOURCE_DIR "/%s", name);
	buf_init(out, 1 << 20);
	assert_ok(file_read(path, out, &err));
}

static void load_example(struct config *config)
{
	struct err err;
	const struct config_source source = {
		.folder = SOURCE_DIR "/docs", .path = "penstock.example.yml"};
	assert_ok(config_load(&source, config, &err));
}

static void the_example_is_what_it_says(void **state)
{
	(void)state;
	struct config config;
	unsetenv("DATABASE_URL");
	unsetenv("KAFKA_BOOTSTRAP_SERVERS");
	load_example(&config);
	assert_string_equal(config.kafka.items[0].value, "localhost:9092");
	assert_string_equal(config.postgres, "");
	assert_string_equal(config.inbox, SOURCE_DIR "/docs/inbox");
	assert_string_equal(config.topics.prefix, "penstock.");
	assert_int_equal(config.dataset_count, 5);
	assert_int_equal(config.source_count, 3);
	assert_int_equal(config.recalculate.debounce_ms, 5000);
	assert_true(config.recalculate.after_load);
	assert_int_equal(config.warnings.count, 0);

	const struct config_dataset *orders = config_find_dataset(&config, "orders");
	assert_string_equal(orders->schema, SOURCE_DIR "/docs/schemas/orders.avsc");
	assert_string_equal(orders->table_schema, "raw");
	assert_string_equal(orders->table_name, "orders");
	assert_int_equal(orders->files.count, 2);
	assert_int_equal(orders->on_conflict, CONFLICT_GREATEST);
	assert_string_equal(orders->greatest, "updated_at");
	assert_int_equal(orders->reading.format, FORMAT_CSV);
	assert_string_equal(orders->reading.csv.delimiter, ",");
	assert_int_equal(orders->reading.csv.quote, '"');
	assert_int_equal(orders->reading.csv.nulls.count, 2);
	assert_true(orders->reading.max_reject_share > 0.00999);
	assert_true(orders->reading.max_reject_share < 0.01001);
	assert_int_equal(orders->reading.max_rejects, -1);
	assert_int_equal(orders->reading.chunk_bytes, 524288);
	assert_string_equal(orders->reading.key.items[0], "order_id");

	const struct config_dataset *population = config_find_dataset(&config, "population");
	assert_true(population->reading.unpivot.enabled);
	assert_string_equal(population->reading.unpivot.names, "year");
	assert_true(population->reading.unpivot.skip_nulls);
	assert_int_equal(population->reading.key.count, 2);
	assert_string_equal(population->reading.csv.nulls.items[0], "");

	const struct config_dataset *countries = config_find_dataset(&config, "countries");
	assert_int_equal(countries->reading.format, FORMAT_JSON);
	assert_string_equal(countries->reading.json.records, "data.countries");
	assert_int_equal(countries->keep, KEEP_LATEST_FILE);

	const struct config_dataset *events = config_find_dataset(&config, "events");
	assert_true(events->append_only);
	assert_int_equal(events->reading.key.count, 0);
	assert_int_equal(events->reading.format, FORMAT_NDJSON);
	assert_null(config_find_dataset(&config, "nothing"));
	config_release(&config);
}

/* Printed, loaded, printed again: the same text, so nothing got lost or changed. */
static void what_is_printed_loads_again(void **state)
{
	(void)state;
	struct config config;
	struct config again;
	struct err err;
	struct buf first;
	struct buf second;
	buf_init(&first, 1 << 20);
	buf_init(&second, 1 << 20);
	load_example(&config);
	config_print(&config, &first);
	assert_ok(scratch_load(buf_text(&first), &again, &err));
	config_print(&again, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	assert_non_null(strstr(buf_text(&first), "on_conflict: {greatest: updated_at}\n"));
	assert_non_null(strstr(buf_text(&first), "debounce: \"5s\"\n"));
	assert_non_null(strstr(buf_text(&first), "keep: \"90d\"\n"));
	config_release(&again);
	config_release(&config);

	const char awkward[] =
		"kafka: {client.id: '$${x} \"q\" #: \\\\', sasl.password: '${P:-pw}'}\n"
		"postgres: 'host=h password=pw'\nalerts: {webhook: 'http://u:p@h/x', "
		"mail: {user: u, password: '${P:-pw2}'}}\n"
		"datasets: {a: {schema: s, files: 'a*.tsv', table: t, key: 'true',\n"
		"  csv: {quote: '', nulls: ['', 'null', '~', \"a\\tb\"]}}}\n";
	assert_ok(scratch_load(awkward, &config, &err));
	buf_clear(&first);
	buf_clear(&second);
	config_print(&config, &first);
	assert_null(strstr(buf_text(&first), "pw"));
	assert_null(strstr(buf_text(&first), "u:p"));
	assert_ok(scratch_load(buf_text(&first), &again, &err));
	config_print(&again, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	assert_string_equal(again.datasets[0].reading.csv.nulls.items[3], "a\tb");
	assert_string_equal(again.kafka.items[2].value, "${x} \"q\" #: \\\\");
	config_release(&again);
	config_release(&config);
	buf_release(&first);
	buf_release(&second);
}

static void json_is_one_valid_object(void **state)
{
	(void)state;
	struct config config;
	struct buf out;
	struct json_scanner scanner;
	struct json_value value;
	struct json_value found;
	const char *why = "";
	size_t at = 0;
	buf_init(&out, 1 << 20);
	json_scanner_init(&scanner);
	load_example(&config);
	config_print_json(&config, &out);
	assert_true(json_validate(&scanner, buf_text(&out), out.len, &value, &why, &at));
	assert_true(json_find(&value, "datasets", &found));
	assert_true(json_find(&found, "orders", &value));
	assert_true(json_find(&value, "csv", &found));
	assert_true(json_find(&found, "delimiter", &value));
	assert_true(json_equals(&value, ",", 1));
	json_scanner_release(&scanner);
	config_release(&config);
	buf_release(&out);
}

static void the_reference_is_up_to_date(void **state)
{
	(void)state;
	struct buf made;
	struct buf doc;
	buf_init(&made, 1 << 20);
	config_print_reference(&made);
	read_source("docs/configuration.md", &doc);
	if (!strstr(buf_text(&doc), buf_text(&made)))
		fail_msg("the table in docs/configuration.md is not what "
			 "`penstock config print --reference` prints");
	buf_release(&made);
	buf_release(&doc);
}

/* Cut anywhere the example loads or fails with a message; it never crashes. */
static void every_prefix_of_the_example_ends_well(void **state)
{
	(void)state;
	struct buf text;
	size_t loaded = 0;
	size_t failed = 0;
	read_source("docs/penstock.example.yml", &text);
	for (size_t n = 0; n <= text.len; n++) {
		struct config config;
		struct err err;
		memset(&err, 0, sizeof(err));
		if (scratch_load_n((const char *)text.data, n, &config, &err)) {
			config_release(&config);
			loaded++;
			continue;
		}
		failed++;
		assert_int_equal(err.class, ERR_FATAL);
		assert_int_equal(err.from, ERR_FROM_CONFIG);
		assert_non_null(strstr(err.message, "penstock.yml:"));
	}
	assert_true(loaded > 100 && failed > 100);
	buf_release(&text);
}

/* One byte changed to something YAML cares about, at every place. */
static void every_changed_byte_ends_well(void **state)
{
	(void)state;
	static const char odd[] = "[{&*!|>'\"%@`:#-\t\n\r\xFF${";
	struct buf text;
	size_t tried = 0;
	read_source("docs/penstock.example.yml", &text);
	for (size_t i = 0; i < text.len; i++, tried++) {
		struct config config;
		struct err err;
		unsigned char before = text.data[i];
		text.data[i] = (unsigned char)odd[i % (sizeof(odd) - 1)];
		if (scratch_load_n((const char *)text.data, text.len, &config, &err))
			config_release(&config);
		else
			assert_int_equal(err.class, ERR_FATAL);
		text.data[i] = before;
	}
	assert_int_equal(tried, text.len);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_is_what_it_says),
		cmocka_unit_test(what_is_printed_loads_again),
		cmocka_unit_test(json_is_one_valid_object),
		cmocka_unit_test(the_reference_is_up_to_date),
		cmocka_unit_test(every_prefix_of_the_example_ends_well),
		cmocka_unit_test(every_changed_byte_ends_well),
	};
	return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
