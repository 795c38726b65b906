/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a process to end. SIGTERM and SIGINT set a flag and make stop_fd() readable, so every wait
 * can end at once; a second signal ends the process with 128 + signal. SIGPIPE is ignored.
 */
#ifndef PENSTOCK_BASE_STOP_H
#define PENSTOCK_BASE_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* Installs the handlers; once, before threads start. */
void stop_install(void);
/*
 * A process that still runs this many seconds after the first signal (0: no limit) says so and
 * ends: a service, whose unfinished work is safe to leave, with 0, any other with 128 + signal.
 */
void stop_within(unsigned seconds, bool service);
/* What is promised is 10 s. */
#define STOP_SECONDS 9
bool stop_requested(void);
/* The first signal received, 0 when none. */
int stop_signal(void);
/* As if SIGTERM had come; from any thread (a fatal error in one job ends the others). */
void stop_request(void);
/* Readable (and never drained) once a stop was requested: for poll(2). -1 before stop_install. */
int stop_fd(void);
/* Waits until the deadline or a stop; true when a stop was requested. */
bool stop_wait_ms(int64_t ms);
/* As stop_wait_ms, but ends also when `fd` becomes readable (fd may be -1). */
bool stop_wait_fd(int fd, int64_t ms);

#endif
