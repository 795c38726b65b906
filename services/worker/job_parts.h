/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a job (job.c, job_load.c, session.c) ask of each other. */
#ifndef PENSTOCK_WORKER_JOB_PARTS_H
#define PENSTOCK_WORKER_JOB_PARTS_H

#include "worker/job.h"

/* ---- job.c ---- */

void job_note_progress(struct job *job);
void job_clear_group(struct job *job, struct group *group);
/* Pauses everything while the environment is sick, else what belongs to datasets that wait. */
MUST_CHECK bool job_apply_pauses(struct job *job, struct err *err);
/* Logs why a poll failed; false where it would be no use to poll again. */
MUST_CHECK bool job_polls_on(struct job *job, const struct err *why);

/* ---- session.c ---- */

/* A usable session with a loader a dataset; opens a new one when the last was lost. */
MUST_CHECK bool job_ensure_database(struct job *job, struct err *err);
void job_drop_database(struct job *job);
/* Tells now how the job is: its row and the metrics; `state` NULL: what it seems to be doing. */
MUST_CHECK bool job_beat(struct job *job, const char *state, struct err *err);
/*
 * A dataset may wait because its writers have a newer schema: by now this machine may have it too.
 * Schemas that cannot be read leave the old ones in place.
 */
void job_read_schemas_again(struct job *job);

/* ---- job_load.c ---- */

/*
 * Loads every group there is, whatever that takes: true when each is loaded, set aside, taken away
 * by a rebalance, or a stop was requested. False ends the job.
 */
MUST_CHECK bool job_load_all(struct job *job, struct err *err);
/* Notes that the database answers; resumes what was paused while it did not. */
MUST_CHECK bool job_recovered(struct job *job, struct err *err);
/* A message of a paused partition that was already under way: read again when it is resumed. */
MUST_CHECK bool job_give_back_free(struct job *job, struct kafka_message *message, struct err *err);

#endif
