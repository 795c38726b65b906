/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command that is run to its end: a process group of its own, no standard input, its output
 * captured, a time limit. It dies with us, however we die. Any thread; one child a call.
 */
#ifndef PENSTOCK_BASE_CHILD_H
#define PENSTOCK_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct child {
	const char *const *argv;	/* NULL-terminated; argv[0] is looked up in PATH */
	const char *const *environment; /* NULL-terminated "NAME=value", added to ours */
	const char *folder;		/* where it starts; NULL: here */
	int64_t timeout_ms;		/* 0: none */
	/* Called with what it writes to stdout and stderr, as it comes; may be NULL. */
	void (*output)(void *context, const char *text, size_t n);
	void *context;
};

enum child_end { CHILD_EXITED, CHILD_KILLED, CHILD_TIMED_OUT, CHILD_STOPPED };

struct child_result {
	enum child_end end;
	int code; /* CHILD_EXITED: exit code; CHILD_KILLED: signal */
	int64_t milliseconds;
};

/*
 * Runs it and waits. At the time limit, or when a stop is requested (base/stop.h), its process
 * group gets SIGTERM and five seconds later SIGKILL. `output` keeps the last bytes of what it
 * wrote, half of its maximum at least. FATAL when it cannot be started.
 */
MUST_CHECK bool child_run(const struct child *child, struct buf *output,
	struct child_result *ret_result, struct err *err);

#endif
