/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One scheduler leads, others stand by. The leader holds a session lock on a connection of its own,
 * which a thread keeps alive; the server ends that session after 15 s of silence, so a frozen
 * leader loses it. Each election raises the generation in penstock.leader, the fencing token that a
 * run checks before its commit.
 */
#ifndef PENSTOCK_SCHEDULER_LEADER_H
#define PENSTOCK_SCHEDULER_LEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct leader;

/* Stands for election from now on. `conninfo` is borrowed. */
MUST_CHECK bool leader_start(const char *conninfo, struct leader **ret_leader, struct err *err);
/* Whether this process leads, as far as it knows. Any thread. */
bool leader_holds(struct leader *leader, int64_t *ret_generation);
/* Gives leadership up at once. NULL is fine. */
void leader_stop(struct leader *leader);

#endif
