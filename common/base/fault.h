/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crash points for tests. PENSTOCK_FAULT="worker.committed:3" kills the process with SIGKILL the
 * third time it passes that point; ":3" left out means the first. "worker.committed:3:stop" freezes
 * it there (SIGSTOP) instead; SIGCONT lets it go on. PENSTOCK_FAULT unset: one comparison a point.
 */
#ifndef PENSTOCK_BASE_FAULT_H
#define PENSTOCK_BASE_FAULT_H

/* Names are "<service>.<step just done>"; each is passed by a test in tests/fault. */
void fault_point(const char *name);

#endif
