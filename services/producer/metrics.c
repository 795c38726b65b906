/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/metrics.h"

#define DATASET_COUNTER(id, metric_name, text)                                                     \
	static const struct metric id = {                                                          \
		"penstock_producer_" metric_name "_total", METRIC_COUNTER, text, {"dataset"}}

DATASET_COUNTER(files, "files", "Publications sent.");
DATASET_COUNTER(known, "known_files", "Files whose content had been published before.");
DATASET_COUNTER(quarantined, "quarantined_files", "Files refused before their first chunk.");
DATASET_COUNTER(bytes, "bytes", "Bytes of the files sent, as they lay in the inbox.");
DATASET_COUNTER(chunks, "chunks", "Chunks sent.");
DATASET_COUNTER(rows, "rows", "Rows sent.");
DATASET_COUNTER(rejects, "rejects", "Records that could not be read as rows.");

const struct metric metric_repaired = {"penstock_producer_repaired_files_total", METRIC_COUNTER,
	"Publications sent again because the broker lost them.", {"dataset"}};
const struct metric metric_inbox_files = {"penstock_producer_inbox_files", METRIC_GAUGE,
	"Files in the inbox, those left alone included.", {NULL}};
const struct metric metric_kafka_up = {"penstock_producer_up", METRIC_GAUGE,
	"1 while publishing goes on, 0 while Kafka or the archive is away.", {NULL}};

void metrics_begin(struct metrics *metrics, const struct datasets *datasets)
{
	const struct metric *const counters[] = {
		&files, &known, &quarantined, &bytes, &chunks, &rows, &rejects, &metric_repaired};
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		for (size_t j = 0; j < datasets->count; j++)
			metric_add(metrics, counters[i], 0, datasets->items[j].config->name);
	metric_set(metrics, &metric_inbox_files, 0);
	metric_set(metrics, &metric_kafka_up, 1);
}

void metrics_count(struct metrics *metrics, const struct publication_result *result)
{
	const char *dataset = result->dataset;
	if (result->already || result->quarantined) {
		metric_add(metrics, result->quarantined ? &quarantined : &known, 1, dataset);
		return;
	}
	metric_add(metrics, &files, 1, dataset);
	metric_add(metrics, &bytes, (double)result->size, dataset);
	metric_add(metrics, &chunks, (double)result->chunks, dataset);
	metric_add(metrics, &rows, (double)result->rows, dataset);
	metric_add(metrics, &rejects, (double)result->rejects, dataset);
}
