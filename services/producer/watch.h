/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inotify as a hint that a scan is worth while. It may miss anything (network mounts, overflow, no
 * watches left): whoever uses it scans by the clock as well.
 */
#ifndef PENSTOCK_PRODUCER_WATCH_H
#define PENSTOCK_PRODUCER_WATCH_H

/* A descriptor for watch_folder, watch_drain and poll(2); -1 when the system has none to give. */
int watch_open(void);
void watch_close(int fd);
/* Adding a folder again is fine; what cannot be watched is left to the clock. */
void watch_folder(int fd, const char *path);
/* Forgets the events that came. */
void watch_drain(int fd);

#endif
