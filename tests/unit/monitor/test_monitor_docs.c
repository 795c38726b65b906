/* SPDX-License-Identifier: Apache-2.0 */
/* docs/monitoring.md and docs/kafka.md hold exactly the rows of the tables in the code. */
#include <string.h>

#include "base/file.h"
#include "kafka/properties.h"
#include "monitor/metrics.h"
#include "support/cmocka_all.h"

static void read_doc(struct buf *out, const char *path)
{
	struct err err = {0};
	buf_init(out, 1 << 20);
	assert_ok(file_read(path, out, &err));
}

static void assert_has(struct buf *doc, struct buf *line)
{
	if (!strstr(buf_text(doc), buf_text(line)))
		fail_msg("the doc lacks this line:\n%s", buf_text(line));
	buf_clear(line);
}

static size_t count_lines(struct buf *doc, const char *start)
{
	size_t count = 0;
	for (const char *at = buf_text(doc); (at = strstr(at, start)); at++)
		count++;
	return count;
}

static void every_metric_is_described(void **state)
{
	(void)state;
	struct buf doc;
	struct buf line;
	size_t count = 0;
	const struct metric *metrics = monitor_metrics(&count);
	read_doc(&doc, SOURCE_DIR "/docs/monitoring.md");
	buf_init(&line, 4096);
	for (size_t i = 0; i < count; i++) {
		buf_printf(&line, "| `%s` | ", metrics[i].name);
		for (int k = 0; k < METRIC_MAX_LABELS && metrics[i].labels[k]; k++)
			buf_printf(&line, "%s`%s`", k ? ", " : "", metrics[i].labels[k]);
		buf_printf(&line, " | %s |\n", metrics[i].help);
		assert_has(&doc, &line);
	}
	assert_int_equal(
		count_lines(&doc, "\n| `penstock_") + count_lines(&doc, "\n| `kafka_"), count);
	buf_release(&line);
	buf_release(&doc);
}

static void every_fixed_property_is_described(void **state)
{
	(void)state;
	struct buf doc;
	struct buf line;
	size_t count = 0;
	read_doc(&doc, SOURCE_DIR "/docs/kafka.md");
	buf_init(&line, 4096);
	const struct kafka_fixed *fixed = kafka_fixed_properties(&count);
	for (size_t i = 0; i < count; i++) {
		const char *value = fixed[i].value;
		buf_printf(&line, "| `%s` | %s%s%s | %s |\n", fixed[i].name, value ? "`" : "",
			value ? value : "never set", value ? "`" : "", fixed[i].reason);
		assert_has(&doc, &line);
	}
	size_t defaults_count = 0;
	const struct kafka_property *defaults = kafka_default_properties(&defaults_count);
	for (size_t i = 0; i < defaults_count; i++) {
		buf_printf(&line, "| `%s` | `%s` |\n", defaults[i].name, defaults[i].value);
		assert_has(&doc, &line);
	}
	assert_int_equal(count_lines(&doc, "\n| `"), count + defaults_count);
	buf_release(&line);
	buf_release(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_metric_is_described),
		cmocka_unit_test(every_fixed_property_is_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
