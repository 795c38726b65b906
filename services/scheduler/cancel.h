/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a run to end, from any machine: the request stands in the run's row, whose change alone
 * makes its commit fail; an interrupt of its session makes that soon.
 */
#ifndef PENSTOCK_SCHEDULER_CANCEL_H
#define PENSTOCK_SCHEDULER_CANCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postgres/database.h"

struct cancel_request {
	const char *by;	   /* who asks: "anna@host", "run 12" */
	int64_t run_id;	   /* 0: whichever runs now */
	int64_t replacing; /* the run that takes the place of all older ones; 0: none */
};

/* Notes the request. *ret_run_id (may be NULL): a run that was asked, 0 when there was none. */
MUST_CHECK bool cancel_ask(struct database *database, const struct cancel_request *request,
	int64_t *ret_run_id, struct err *err);
/* Interrupts runs that were asked (run_id 0: all of them); marks those whose process is gone. */
MUST_CHECK bool cancel_signal(struct database *database, int64_t run_id, struct err *err);

#endif
