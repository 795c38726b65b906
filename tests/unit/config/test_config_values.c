/* SPDX-License-Identifier: Apache-2.0 */
/* Single values: what is accepted, what is refused and how the refusal reads. */
#include "scratch.h"

/* A dataset with one more line. */
#define DATASET(more)                                                                              \
	"datasets:\n  a:\n    schema: a.avsc\n    files: [a*.csv]\n    table: raw.a\n"             \
	"    key: [id]\n    " more "\n"

static void refused(const char *text, const char *part)
{
	struct config config;
	struct err err;
	if (scratch_load(text, &config, &err))
		fail_msg("loaded, but should fail with '%s':\n%s", part, text);
	assert_int_equal(err.class, ERR_FATAL);
	assert_int_equal(err_exit_code(&err), 2);
	if (!strstr(err.message, part))
		fail_msg("message '%s' lacks '%s'", err.message, part);
}

static struct config loaded(const char *text)
{
	struct config config;
	struct err err;
	assert_ok(scratch_load(text, &config, &err));
	return config;
}

static void numbers_are_strict(void **state)
{
	(void)state;
	static const char *const bad[] = {"10MB", "010", "-1", "1e999", "0", "10001", "8.5", "0x8",
		"''", "[8]", "+8", "8 partitions"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "topics:\n  partitions: %s\n", bad[i]);
		refused(text,
			"penstock.yml:2: topics.partitions: expected a whole number from 1 to "
			"10,000, not ");
	}
	struct config config = loaded("topics: {partitions: 16}\n");
	assert_int_equal(config.topics.partitions, 16);
	config_release(&config);
	refused("schedule: {recalculate: {debounce: 5}}\n", "expected a duration");
	refused("schedule: {recalculate: {after_load: yes}}\n",
		"expected true or false, not 'yes'");
	refused("monitor: {listen: 9440}\n", "expected HOST:PORT");
	refused("monitor: {listen: 'h:99999'}\n", "expected HOST:PORT");
	refused("reports: {format: xml}\n", "expected csv, json, markdown or html");
	refused("alerts: {webhook: slack}\n", "expected a URL");
	refused("alerts: {mail: {server: 'smtp://h'}}\n", "needs alerts.mail.from");
	refused("alerts: {mail: {server: 'smtp://u:p@h'}}\n", "expected smtp://HOST");
	refused("alerts: {mail: {from: 'Bob <b@x.org>'}}\n", "expected a mail address");
	refused("alerts: {mail: {to: [a@x.org, 'b@@x.org']}}\n", "is no mail address");
	refused("inbox: ''\n", "expected a folder, not ''");
	refused("inbox: s3://bucket/in\n", "expected a folder, not 's3://bucket/in'");
	refused("archive: https://host/x\n", "expected a folder or s3://BUCKET/PREFIX, not");
	refused("topics: {prefix: 'a b'}\n", "letters, digits");
	refused(DATASET("chunk_bytes: 1MiB"),
		"a.chunk_bytes: expected a size from 16KiB to 900KiB");
	refused(DATASET("chunk_bytes: 16000"), "expected a size");
}

static void unknown_keys_suggest_known_ones(void **state)
{
	(void)state;
	refused("inbux: x\n", "penstock.yml:1: inbux: unknown key; did you mean inbox?");
	refused("topics: {partition: 1}\n",
		"topics.partition: unknown key; did you mean partitions?");
	refused(DATASET("csv: {delimeter: ';'}"),
		"penstock.yml:7: datasets.a.csv.delimeter: unknown key; did you mean delimiter?");
	refused("xyzzy: 1\n", "xyzzy: unknown key; `penstock config print --reference` lists");
	refused(DATASET("lookups:\n      town: {table: dim.town, colum: x}"),
		"penstock.yml:8: datasets.a.lookups.town.colum: unknown key; did you mean column?");
	refused(DATASET("lookups: {town: a.b.c}"),
		"datasets.a.lookups.town.table: expected SCHEMA.TABLE, not 'a.b.c'");
	refused("seeds:\n  dim.town:\n    fil: x\n", "penstock.yml:3: seeds.dim.town.fil: unknown");
	refused("seeds: {dim.town: {key: id}}\n", "seeds.dim.town.file: missing; expected a CSV");
	refused("seeds: {a.b.c: x.csv}\n", "not 'a.b.c'");
	refused("topics: 5\n", "penstock.yml:1: topics: expected a map");
	refused("- a\n", "penstock.yml:1: expected a map");
	refused("datasets: [a]\n", "datasets: expected a map of datasets by name, not a list");
	refused("datasets: {a: 1}\n", "datasets.a: expected a map");
	refused("datasets: {A: {}}\n", "datasets.A: a dataset's name");
	refused("datasets: {dead: {}}\n", "a dataset's name");
}

static void mistakes_never_repeat_a_secret(void **state)
{
	(void)state;
	static const char *const texts[] = {"alerts: {webhook: 'hooks.example/S3CRET'}\n",
		"alerts: {mail: {server: 'smtp://user:S3CRET@host'}}\n",
		"sources: {a: {url: 'https://host/a b?key=S3CRET'}}\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct config config;
		struct err err;
		assert_false(scratch_load(texts[i], &config, &err));
		assert_non_null(strstr(err.message, "it may hold a secret"));
		assert_null(strstr(err.message, "S3CRET"));
	}
}

static void times_are_read_at_once(void **state)
{
	(void)state;
	refused("schedule: {recalculate: {cron: '* *'}}\n",
		"penstock.yml:1: schedule.recalculate.cron: cron '* *': expected five fields");
	refused("schedule: {recalculate: {time_zone: Mars}}\n",
		"schedule.recalculate.time_zone: time_zone 'Mars': no such zone");
	refused("jobs: {j: {command: [x], cron: '61 * * * *'}}\n",
		"jobs.j.cron: cron '61 * * * *': '61' is no minute");
}

static void several_mistakes_come_at_once(void **state)
{
	(void)state;
	struct config config;
	struct err err;
	const char text[] = "inbux: x\ntopics:\n  partitions: many\ndatasets:\n  a:\n    key: []\n";
	assert_false(scratch_load(text, &config, &err));
	assert_non_null(strstr(err.message, "penstock.yml:1: inbux: "));
	assert_non_null(strstr(err.message, "\n"));
	assert_non_null(strstr(err.message, "penstock.yml:3: topics.partitions: "));
	assert_non_null(
		strstr(err.message, "penstock.yml:5: datasets.a.schema: missing; expected "));
	assert_non_null(strstr(err.message, "datasets.a.files: missing"));
	assert_non_null(
		strstr(err.message, "penstock.yml:6: datasets.a.key: expected field names"));
	struct buf many;
	buf_init(&many, 4096);
	for (int i = 0; i < 14; i++)
		buf_printf(&many, "zz%d: 1\n", i);
	assert_false(scratch_load(buf_text(&many), &config, &err));
	assert_non_null(strstr(err.message, "penstock.yml:10: zz9"));
	assert_null(strstr(err.message, "zz10"));
	assert_non_null(strstr(err.message, "and 4 more"));
	buf_release(&many);
}

/* Printed, loaded and printed again, the configuration is the same text. */
static void prints_alike(const struct config *config)
{
	struct config again;
	struct buf first;
	struct buf second;
	struct err err;
	buf_init(&first, 1 << 16);
	buf_init(&second, 1 << 16);
	config_print(config, &first);
	assert_ok(scratch_load(buf_text(&first), &again, &err));
	config_print(&again, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	config_release(&again);
	buf_release(&first);
	buf_release(&second);
}

static void delimiters_have_names(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} good[] = {{"tab", "\t"}, {"\"\\t\"", "\t"}, {"'\\t'", "\t"}, {"\\t", "\t"},
		{"semicolon", ";"}, {"';'", ";"}, {"pipe", "|"}, {"'|'", "|"}, {"' '", " "},
		{"comma", ","}, {"','", ","}, {"'^'", "^"}, {"'||'", "||"}, {"'::'", "::"},
		{"'\\t|\\t'", "\t|\t"}, {"\"\\t|\\t\"", "\t|\t"}, {"\"\\x01\"", "\x01"},
		{"\xC2\xA6", "\xC2\xA6"}, {"'<sep>'", "<sep>"}};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char text[256];
		snprintf(text, sizeof(text), DATASET("csv: {delimiter: %s}"), good[i].text);
		struct config config = loaded(text);
		assert_string_equal(config.datasets[0].reading.csv.delimiter, good[i].expected);
		prints_alike(&config);
		config_release(&config);
	}
	static const char *const bad[] = {"a", "''", "\"\\n\"", "\"\\r\"", "1", "[a]",
		"0123456789012345678901234567890123456789012345678901234567890123456789"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[256];
		snprintf(text, sizeof(text), DATASET("csv: {delimiter: %s}"), bad[i]);
		refused(text, "datasets.a.csv.delimiter: expected one or more characters");
	}
	refused(DATASET("csv: {delimiter: '\"'}"), "csv.quote: is in the delimiter, too");
}

static void fields_have_forms(void **state)
{
	(void)state;
	struct config config =
		loaded(DATASET("fields:\n      on: {pattern: [\"%d.%m.%Y\", '%Y']}\n"
			       "      paid: {true: [Y, ja], false: N}\n      x: {}"));
	const struct reading *reading = &config.datasets[0].reading;
	assert_int_equal(reading->field_count, 3);
	assert_string_equal(reading->fields[0].name, "on");
	assert_int_equal(reading->fields[0].pattern.count, 2);
	assert_string_equal(reading->fields[0].pattern.items[0], "%d.%m.%Y");
	assert_string_equal(reading->fields[1].yes.items[1], "ja");
	assert_string_equal(reading->fields[1].no.items[0], "N");
	assert_int_equal(reading->fields[2].pattern.count, 0);
	prints_alike(&config);
	config_release(&config);
	refused(DATASET("fields: [a]"), "a.fields: expected a map of fields by name, not a list");
	refused(DATASET("fields:\n      on: x"),
		"penstock.yml:8: datasets.a.fields.on: expected a map");
	refused(DATASET("fields:\n      on: {patern: x}"),
		"penstock.yml:8: datasets.a.fields.on.patern: unknown key; did you mean pattern?");
	refused(DATASET("fields:\n      on: {pattern: {a: b}}"),
		"fields.on.pattern: expected a pattern");
	refused(DATASET("fields:\n      on: {patern: x}\n    kep: all"),
		"datasets.a.kep: unknown key");
}

static void dialects_are_checked(void **state)
{
	(void)state;
	struct config config = loaded(DATASET(
		"csv: {delimiter: '||', quote: \"'\", escape: '\\', header: 2, header_join: ' ',\n"
		"      footer: 2, comment: ['#', //], decimal: ',', thousands: nbsp,\n"
		"      encoding: shift_jis, ragged: fold}"));
	const struct csv_dialect *csv = &config.datasets[0].reading.csv;
	assert_int_equal(csv->quote, '\'');
	assert_int_equal(csv->escape, '\\');
	assert_string_equal(csv->header_join, " ");
	assert_int_equal(csv->footer, 2);
	assert_string_equal(csv->comment.items[1], "//");
	assert_int_equal(csv->decimal, ',');
	assert_string_equal(csv->thousands, "\xC2\xA0");
	assert_string_equal(csv->encoding, "shift_jis");
	assert_int_equal(csv->ragged, RAGGED_FOLD);
	prints_alike(&config);
	config_release(&config);
	config = loaded(DATASET("csv: {header: 0, columns: [a, '', b], thousands: \"'\"}"));
	assert_int_equal(config.datasets[0].reading.csv.columns.count, 3);
	assert_string_equal(config.datasets[0].reading.csv.thousands, "'");
	prints_alike(&config);
	config_release(&config);

	static const char *const bad[][2] = {{"escape: '\"'", "csv.escape: is the quote, too"},
		{"delimiter: '||', escape: '|'", "csv.escape: is in the delimiter, too"},
		{"escape: ab", "csv.escape: expected one character"},
		{"escape: a", "csv.escape: expected one character"},
		{"quote: ' '", "csv.quote: expected one character"},
		{"comment: ''", "csv.comment: a comment begins with 1 to 64"},
		{"comment: {a: b}", "csv.comment: expected a text"},
		{"comment: '\"x'", "csv.comment: '\"x' may also begin a record"},
		{"comment: ',,'", "csv.comment: ',,' may also begin a record"},
		{"columns: [a]", "csv.columns: the header names the columns; say `header: 0`"},
		{"header_join: ' '", "csv.header_join: there are no two header lines"},
		{"decimal: ';'", "csv.decimal: expected"},
		{"decimal: '.,'", "csv.decimal: expected"},
		{"thousands: '.'", "csv.thousands: is the decimal sign, too"},
		{"thousands: '5'", "csv.thousands: expected one character"},
		{"thousands: '-'", "csv.thousands: expected"},
		{"thousands: '..'", "csv.thousands: expected"},
		{"encoding: klingon", "csv.encoding: iconv does not know 'klingon'"},
		{"encoding: 'ascii//TRANSLIT'", "csv.encoding: iconv does not know"},
		{"footer: 1001", "csv.footer: expected a whole number from 0 to 1,000"},
		{"ragged: stretch", "csv.ragged: expected reject, pad or fold"}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[256];
		snprintf(text, sizeof(text), DATASET("csv: {%s}"), bad[i][0]);
		refused(text, bad[i][1]);
	}
	refused(DATASET("format: json\n    csv: {escape: '\\'}"),
		"means nothing without format: csv");
}

static void formats_follow_the_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *files;
		enum file_format format;
		const char *delimiter;
	} cases[] = {{"x*.csv", FORMAT_CSV, ","}, {"[x*.TSV, y.tsv.gz]", FORMAT_CSV, "\t"},
		{"x.ndjson.zst", FORMAT_NDJSON, ","}, {"x.jsonl", FORMAT_NDJSON, ","},
		{"[x.json, 'y*']", FORMAT_JSON, ","}, {"'x*'", FORMAT_CSV, ","},
		{"[x.tsv, y.csv]", FORMAT_CSV, ","}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			"datasets: {a: {schema: s, table: t, key: k, files: %s}}\n",
			cases[i].files);
		struct config config = loaded(text);
		assert_int_equal(config.datasets[0].reading.format, cases[i].format);
		assert_string_equal(config.datasets[0].reading.csv.delimiter, cases[i].delimiter);
		assert_string_equal(config.datasets[0].table_schema, "public");
		config_release(&config);
	}
	refused("datasets: {a: {schema: s, table: t, key: k, files: [a.csv, b.json]}}\n",
		"datasets.a.format: the patterns of files tell different formats");
	refused(DATASET("format: xml"), "expected csv, ndjson, json or avro, not 'xml'");
	refused(DATASET("json: {records: a}"), "datasets.a.json.records: means nothing without "
					       "format: json");
	refused("datasets: {a: {schema: s, table: t, key: k, files: a.json, csv: {trim: true}}}\n",
		"csv.trim: means nothing without format: csv");
}

static void dataset_keys_are_checked(void **state)
{
	(void)state;
	refused(DATASET("on_conflict: newest"), "expected last, first or {greatest: COLUMN}");
	refused(DATASET("on_conflict: {greatest: a, b: c}"), "expected last, first");
	refused(DATASET("on_conflict: {greatest: ''}"), "expected last, first");
	refused(DATASET("on_conflict: first\n    keep: latest_file"),
		"keep: latest_file goes with");
	refused(DATASET("unpivot: {names: n}"), "datasets.a.unpivot.values: missing");
	refused(DATASET("unpivot: {names: n, values: n}"), "the same field");
	refused(DATASET("unpivot: true"), "unpivot: expected a map: keep");
	refused(DATASET("max_rejects: 101%"), "expected a count, a share such as 1%, or none");
	refused(DATASET("max_rejects: -1"), "expected a count");
	refused(DATASET("max_rejects: 1 %"), "expected a count");
	refused(DATASET("csv: {nulls: [~]}"), "an item is empty");
	refused(DATASET("csv: {header: 101}"), "from 0 to 100");
	refused("datasets: {a: {schema: s, files: f, key: k, table: a.b.c}}\n", "expected SCHEMA.");
	refused("datasets: {a: {schema: s, files: f, key: k, table: .b}}\n", "expected SCHEMA.");
	refused("datasets: {a: {schema: s, files: f, key: k, table: penstock.b}}\n",
		"not for tables");
	refused("datasets: {a: {schema: s, files: f, key: [k, k], table: b}}\n", "each once");
	refused("datasets: {a: {schema: s, files: f, key: [_file, k], table: b}}\n", "append-only");
	refused("datasets: {a: {schema: s, files: f, key: k, table: t},\n"
		" b: {schema: s, files: f, key: k, table: public.t}}\n",
		"datasets.b.table: public.t is the table of dataset a already");
	struct config config = loaded(DATASET("max_rejects: 12"));
	assert_int_equal(config.datasets[0].reading.max_rejects, 12);
	assert_true(config.datasets[0].reading.max_reject_share < 0);
	config_release(&config);
	config = loaded(DATASET("on_conflict:\n    keep: ~"));
	assert_int_equal(config.datasets[0].on_conflict, CONFLICT_LAST);
	assert_true(config.datasets[0].reading.max_reject_share < 0);
	config_release(&config);
}

static const char *property(const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->kafka.count; i++)
		if (strcmp(config->kafka.items[i].key, key) == 0)
			return config->kafka.items[i].value;
	return NULL;
}

static void kafka_properties_have_an_order(void **state)
{
	(void)state;
	struct config config;
	struct err err;
	const struct opt_list overrides = {
		{"kafka.bootstrap.servers=x:1", "compression.type=zstd", "sasl.password=a=b"}, 3};
	const struct config_source source = {.folder = scratch, .kafka = &overrides};
	const char text[] = "kafka: {bootstrap.servers: y, linger.ms: 5, compression.type: lz4}\n";
	scratch_write("penstock.yml", text, strlen(text));
	assert_ok(config_load(&source, &config, &err));
	assert_int_equal(config.kafka.count, 5);
	assert_string_equal(property(&config, "bootstrap.servers"), "x:1");
	assert_string_equal(property(&config, "group.id"), "penstock");
	assert_string_equal(property(&config, "linger.ms"), "5");
	assert_string_equal(property(&config, "compression.type"), "zstd");
	assert_string_equal(property(&config, "sasl.password"), "a=b");
	config_release(&config);
	const struct opt_list bad = {{"linger.ms"}, 1};
	const struct config_source with_bad = {.folder = scratch, .kafka = &bad};
	assert_err(config_load(&with_bad, &config, &err), ERR_FATAL,
		"-X: expected NAME=VALUE, not 'linger.ms'");
	refused("kafka: {a: [1]}\n", "kafka: a: expected a librdkafka property's value");
}

static void passwords_in_the_file_draw_a_warning(void **state)
{
	(void)state;
	setenv("PENSTOCK_T_PW", "secret", 1);
	struct config config = loaded("kafka:\n  sasl.password: open\n"
				      "postgres: postgres://u:open@h/d\n");
	assert_int_equal(config.warnings.count, 2);
	assert_non_null(
		strstr(config.warnings.items[0], "penstock.yml:2: kafka.sasl.password holds"));
	assert_non_null(strstr(config.warnings.items[1], "penstock.yml:3: postgres holds"));
	config_release(&config);
	config = loaded("kafka:\n  sasl.password: ${PENSTOCK_T_PW}\n"
			"postgres: 'host=h password=${PENSTOCK_T_PW}'\n");
	assert_int_equal(config.warnings.count, 0);
	assert_string_equal(config.postgres, "host=h password=secret");
	config_release(&config);
}

static void variables_and_env_files_apply(void **state)
{
	(void)state;
	struct config config;
	struct err err;
	const char env[] = "PENSTOCK_T_PARTS=3\n";
	unsetenv("PENSTOCK_T_PARTS");
	unsetenv("PGHOST");
	scratch_write(".env", env, strlen(env));
	config = loaded("topics: {partitions: '${PENSTOCK_T_PARTS}'}\npostgres:\n");
	assert_int_equal(config.topics.partitions, 3);
	config_release(&config);
	refused("topics: {partitions: '${PENSTOCK_T_OTHER}'}\n",
		"penstock.yml:1: topics.partitions: variable PENSTOCK_T_OTHER is not set");
	const struct config_source other = {.folder = scratch, .env_file = "nothere"};
	assert_err(config_load(&other, &config, &err), ERR_FATAL, "nothere");
	assert_int_equal(err_exit_code(&err), 2);
	const struct config_source missing = {.folder = scratch, .path = "other.yml"};
	assert_err(config_load(&missing, &config, &err), ERR_FATAL, "other.yml: no such file");
	assert_int_equal(err_exit_code(&err), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(unknown_keys_suggest_known_ones),
		cmocka_unit_test(mistakes_never_repeat_a_secret),
		cmocka_unit_test(times_are_read_at_once),
		cmocka_unit_test(several_mistakes_come_at_once),
		cmocka_unit_test(delimiters_have_names),
		cmocka_unit_test(fields_have_forms),
		cmocka_unit_test(dialects_are_checked),
		cmocka_unit_test(formats_follow_the_patterns),
		cmocka_unit_test(dataset_keys_are_checked),
		cmocka_unit_test(kafka_properties_have_an_order),
		cmocka_unit_test(passwords_in_the_file_draw_a_warning),
		cmocka_unit_test(variables_and_env_files_apply),
	};
	return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
