/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private: what is wrong, noted in penstock.alert when it begins and when it ends, and told once
 * each to the webhook and by mail. Several monitors may do this at once: the ledger keeps them from
 * telling twice. A message that was sent and not noted (a crash between the two) is sent again.
 */
#ifndef PENSTOCK_MONITOR_ALERTS_H
#define PENSTOCK_MONITOR_ALERTS_H

#include "monitor/watch.h"

/* Compares what holds now with the open alerts. `lag` NULL: Kafka did not answer, its alerts stay
 * as they are. */
MUST_CHECK bool alerts_note(
	struct watch *watch, const struct lag *lag, struct arena *arena, struct err *err);

/*
 * A thread with a session of its own that tells what is new every few seconds; nothing when neither
 * webhook nor mail is configured. `options` are borrowed until stop.
 */
struct teller;
struct teller *teller_start(const struct monitor_options *options);
/* Ends with the message in hand; NULL is fine. */
void teller_stop(struct teller *teller);

#endif
