/* SPDX-License-Identifier: Apache-2.0 */
/* `penstock docs`: what the configuration, the SQL and the ledger say of the data, as one page. */
#ifndef PENSTOCK_CATALOGUE_CATALOGUE_H
#define PENSTOCK_CATALOGUE_CATALOGUE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "dataset/dataset.h"

struct catalogue_options {
	const struct config *config;
	const struct datasets *datasets;
	bool offline; /* the database is not asked */
};

/* Appends the catalogue, an HTML page. A database that does not answer is told of in it. */
MUST_CHECK bool catalogue_make(
	const struct catalogue_options *options, struct buf *out, struct err *err);

#endif
