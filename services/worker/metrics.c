/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/metrics.h"

const struct metric worker_chunks_total = {
	"penstock_worker_chunks_total", METRIC_COUNTER, "Chunks committed.", {"dataset"}};
const struct metric worker_rows_total = {
	"penstock_worker_rows_total", METRIC_COUNTER, "Rows committed.", {"dataset"}};
const struct metric worker_rejects_total = {"penstock_worker_rejects_total", METRIC_COUNTER,
	"Rejects committed, the producer's and the table's.", {"dataset"}};
const struct metric worker_replaced_total = {"penstock_worker_replaced_total", METRIC_COUNTER,
	"Rows that met a row of the same key already there.", {"dataset"}};
const struct metric worker_loads_total = {"penstock_worker_loads_total", METRIC_COUNTER,
	"Transactions, by the way they went.", {"dataset", "path"}};
const struct metric worker_load_seconds_total = {"penstock_worker_load_seconds_total",
	METRIC_COUNTER, "Time spent loading, offsets included.", {"dataset"}};
const struct metric worker_dead_letters_total = {"penstock_worker_dead_letters_total",
	METRIC_COUNTER, "Messages that can never load.", {"dataset"}};
const struct metric worker_retries_total = {"penstock_worker_retries_total", METRIC_COUNTER,
	"Waits for Postgres or Kafka with a load in hand.", {NULL}};
const struct metric worker_paused = {"penstock_worker_paused", METRIC_GAUGE,
	"Jobs in which the dataset waits for a person, or is stopped.", {"dataset"}};
