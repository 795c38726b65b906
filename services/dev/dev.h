/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything on this machine: a private Postgres and the embedded broker under `.penstock/`, the
 * producer, workers, scheduler and monitor, supervised. What another command in the same folder
 * needs to find them stands in `.penstock/dev.env` while it runs (common/config reads it).
 */
#ifndef PENSTOCK_DEV_DEV_H
#define PENSTOCK_DEV_DEV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "dataset/dataset.h"

struct dev_options {
	const char *program; /* absolute path of this program: what the services are */
	const struct config *config;
	struct config_source source; /* -c, --env-file and -X, handed to every service */
	int64_t workers;	     /* processes; 0: 2 */
	bool scheduler;		     /* models and reports are configured */
};

/* Runs until a stop is requested; then ends every process it started. */
MUST_CHECK bool dev_run(const struct dev_options *options, struct err *err);

/*
 * The embedded broker alone, with the datasets' topics, until a stop is requested: what dev starts
 * as a process of its own. Writes its address to `address_path` once it answers.
 */
MUST_CHECK bool dev_broker_run(const struct datasets *datasets, uint32_t partitions,
	const char *address_path, struct err *err);

#endif
