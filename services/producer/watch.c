/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/watch.h"

#include <sys/inotify.h>
#include <unistd.h>

int watch_open(void)
{
	return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void watch_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void watch_folder(int fd, const char *path)
{
	if (fd >= 0)
		inotify_add_watch(fd, path,
			IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB | IN_ONLYDIR |
				IN_EXCL_UNLINK);
}

void watch_drain(int fd)
{
	char events[4096];
	while (fd >= 0 && read(fd, events, sizeof(events)) > 0)
		;
}
