/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct series {
	struct series *next;
	double value;
	char labels[]; /* rendered: a="1",b="2"; "" without labels */
};

struct family {
	struct family *next;
	const struct metric *metric;
	struct series *series;
};

struct metrics {
	pthread_mutex_t lock;
	struct family *families;
	struct buf scratch; /* the labels of the series being looked up */
};

static const size_t max_labels_bytes = 4096;

struct metrics *metrics_new(void)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	if (!metrics)
		BUG("out of memory");
	pthread_mutex_init(&metrics->lock, NULL);
	buf_init(&metrics->scratch, max_labels_bytes);
	return metrics;
}

static void free_series(struct family *family)
{
	while (family->series) {
		struct series *next = family->series->next;
		free(family->series);
		family->series = next;
	}
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	while (metrics->families) {
		struct family *next = metrics->families->next;
		free_series(metrics->families);
		free(metrics->families);
		metrics->families = next;
	}
	buf_release(&metrics->scratch);
	pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

static struct family *find_family(struct metrics *metrics, const struct metric *metric)
{
	struct family **at = &metrics->families;
	for (; *at; at = &(*at)->next)
		if ((*at)->metric == metric)
			return *at;
	*at = calloc(1, sizeof(**at));
	if (!*at)
		BUG("out of memory");
	(*at)->metric = metric;
	return *at;
}

static void put_label_value(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			buf_append_byte(out, '\\');
		if (*text == '\n')
			buf_append_text(out, "\\n");
		else
			buf_append_byte(out, (unsigned char)*text);
	}
}

static const char *render_labels(struct metrics *metrics, const struct metric *metric, va_list ap)
{
	struct buf *out = &metrics->scratch;
	buf_clear(out);
	for (int i = 0; i < METRIC_MAX_LABELS && metric->labels[i]; i++) {
		const char *value = va_arg(ap, const char *);
		buf_printf(out, "%s%s=\"", i ? "," : "", metric->labels[i]);
		put_label_value(out, value ? value : "");
		buf_append_byte(out, '"');
	}
	return buf_text(out);
}

static struct series *find_series(struct metrics *metrics, const struct metric *metric, va_list ap)
{
	const char *labels = render_labels(metrics, metric, ap);
	struct family *family = find_family(metrics, metric);
	struct series **at = &family->series;
	for (; *at; at = &(*at)->next)
		if (strcmp((*at)->labels, labels) == 0)
			return *at;
	size_t size = strlen(labels) + 1;
	*at = calloc(1, sizeof(**at) + size);
	if (!*at)
		BUG("out of memory");
	memcpy((*at)->labels, labels, size);
	return *at;
}

void metric_add(struct metrics *metrics, const struct metric *metric, double value, ...)
{
	va_list ap;
	va_start(ap, value);
	pthread_mutex_lock(&metrics->lock);
	find_series(metrics, metric, ap)->value += value;
	pthread_mutex_unlock(&metrics->lock);
	va_end(ap);
}

void metric_set(struct metrics *metrics, const struct metric *metric, double value, ...)
{
	va_list ap;
	va_start(ap, value);
	pthread_mutex_lock(&metrics->lock);
	find_series(metrics, metric, ap)->value = value;
	pthread_mutex_unlock(&metrics->lock);
	va_end(ap);
}

void metric_forget(struct metrics *metrics, const struct metric *metric)
{
	pthread_mutex_lock(&metrics->lock);
	free_series(find_family(metrics, metric));
	pthread_mutex_unlock(&metrics->lock);
}

static void render_family(const struct family *family, bool openmetrics, struct buf *out)
{
	const struct metric *metric = family->metric;
	size_t name_length = strlen(metric->name);
	bool counter = metric->type == METRIC_COUNTER;
	/* OpenMetrics names a counter's family without the suffix of its sample. */
	if (openmetrics && counter && name_length > 6)
		name_length -= strlen("_total");
	buf_printf(out, "# HELP %.*s %s\n", (int)name_length, metric->name, metric->help);
	buf_printf(out, "# TYPE %.*s %s\n", (int)name_length, metric->name,
		counter ? "counter" : "gauge");
	for (const struct series *s = family->series; s; s = s->next) {
		buf_append_text(out, metric->name);
		if (s->labels[0])
			buf_printf(out, "{%s}", s->labels);
		buf_printf(out, " %.17g\n", s->value);
	}
}

void metrics_render(struct metrics *metrics, bool openmetrics, struct buf *out)
{
	pthread_mutex_lock(&metrics->lock);
	for (const struct family *family = metrics->families; family; family = family->next)
		if (family->series)
			render_family(family, openmetrics, out);
	pthread_mutex_unlock(&metrics->lock);
	if (openmetrics)
		buf_append_text(out, "# EOF\n");
}
