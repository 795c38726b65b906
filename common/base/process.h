/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes that are kept alive: started, restarted with back-off when they die, ended
 * together. Children get their stop signal when their parent dies, so none is left behind. One
 * thread.
 */
#ifndef PENSTOCK_BASE_PROCESS_H
#define PENSTOCK_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define PROCESS_MAX 64

struct process {
	const char *name;	 /* in logs; borrowed */
	const char *const *argv; /* NULL-terminated, argv[0] a path; borrowed */
	const char *log_path;	 /* stdout and stderr are appended there; NULL: inherited */
	bool restart;		 /* start again when it ends, whatever its exit code */
	unsigned uid;		 /* run as this user when `change_user` */
	unsigned gid;
	bool change_user;
	int stop_signal; /* how it is asked to end; 0: SIGTERM */
	/* set by supervise_* */
	pid_t pid;	 /* 0: not running */
	int exit_status; /* of the last end, as wait(2) tells it */
	unsigned restarts;
	int64_t started_us;
	int64_t restart_at_us;
};

struct supervisor {
	struct process *processes[PROCESS_MAX];
	size_t count;
};

/* Starts the process and adds it to the supervisor. FATAL when it cannot be executed. */
MUST_CHECK bool supervise_start(
	struct supervisor *supervisor, struct process *process, struct err *err);
/*
 * Reaps what ended and restarts what is due, waits at most `ms` for either or for a stop
 * (base/stop.h). *ret_ended (may be NULL) is a process that ended since and will not be restarted.
 */
MUST_CHECK bool supervise_step(
	struct supervisor *supervisor, int64_t ms, struct process **ret_ended, struct err *err);
/*
 * Asks all to end, in reverse order of their start, each given `ms` before SIGKILL. Returns when
 * none of them runs.
 */
void supervise_stop(struct supervisor *supervisor, int64_t ms);

#endif
