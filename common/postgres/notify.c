/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/stop.h"
#include "postgres/database.h"
#include "postgres/session.h"

static bool take_notifications(struct database *database)
{
	bool any = false;
	PGnotify *one;
	while ((one = PQnotifies(database->conn))) {
		any = true;
		PQfreemem(one);
	}
	return any;
}

bool database_wait_notify(
	struct database *database, int64_t ms, bool *ret_notified, struct err *err)
{
	if (!session_begin(database, err))
		return false;
	int64_t deadline = clock_monotonic_us() + ms * 1000;
	bool any = take_notifications(database);
	while (!any && !stop_requested()) {
		int64_t left = deadline - clock_monotonic_us();
		if (left < 0)
			left = 0;
		struct pollfd fds[2] = {{.fd = PQsocket(database->conn), .events = POLLIN},
			{.fd = stop_fd(), .events = POLLIN}};
		int n = poll(fds, 2, left > 60000000 ? 60000 : (int)((left + 999) / 1000));
		if (n < 0 && errno != EINTR)
			BUG("poll failed with errno %d", errno);
		if (n > 0 && fds[0].revents && !PQconsumeInput(database->conn))
			return session_fail(database, NULL, err);
		any = take_notifications(database);
		if (n == 0 && clock_monotonic_us() >= deadline)
			break;
	}
	*ret_notified = any;
	return true;
}
