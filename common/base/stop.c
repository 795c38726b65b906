/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

static atomic_int requested;
static int event_fd = -1;
static atomic_uint deadline_seconds;
static atomic_bool is_service;

static void request(int signal_number)
{
	int saved = errno;
	int expected = 0;
	if (!atomic_compare_exchange_strong(&requested, &expected, signal_number)) {
		errno = saved;
		return;
	}
	uint64_t one = 1;
	/* An eventfd takes the first write without blocking; nothing could be done about an error.
	 */
	ssize_t written = write(event_fd, &one, sizeof(one));
	(void)written;
	errno = saved;
}

static void on_signal(int signal_number)
{
	if (atomic_load(&requested))
		_exit(128 + signal_number);
	request(signal_number);
	alarm(atomic_load(&deadline_seconds));
}

static void on_deadline(int signal_number)
{
	static const char words[] =
		"penstock: not done in time after the signal; leaving what is unfinished\n";
	(void)signal_number;
	ssize_t written = write(STDERR_FILENO, words, sizeof(words) - 1);
	(void)written;
	_exit(atomic_load(&is_service) ? 0 : 128 + atomic_load(&requested));
}

void stop_install(void)
{
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		BUG("eventfd failed with errno %d", errno);
	struct sigaction action = {.sa_handler = on_signal};
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	action.sa_handler = on_deadline;
	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

void stop_within(unsigned seconds, bool service)
{
	atomic_store(&is_service, service);
	atomic_store(&deadline_seconds, seconds);
}

bool stop_requested(void)
{
	return atomic_load(&requested) != 0;
}

int stop_signal(void)
{
	return atomic_load(&requested);
}

void stop_request(void)
{
	request(SIGTERM);
}

int stop_fd(void)
{
	return event_fd;
}

bool stop_wait_fd(int fd, int64_t ms)
{
	int64_t deadline = clock_monotonic_us() + ms * 1000;
	while (!stop_requested()) {
		int64_t left = (deadline - clock_monotonic_us() + 999) / 1000;
		if (left < 0)
			left = 0;
		struct pollfd fds[2] = {
			{.fd = event_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
		int n = poll(fds, 2, left > 60000 ? 60000 : (int)left);
		if (n > 0 && fds[1].revents)
			break;
		if (n == 0 && clock_monotonic_us() >= deadline)
			break;
		if (n < 0 && errno != EINTR)
			BUG("poll failed with errno %d", errno);
	}
	return stop_requested();
}

bool stop_wait_ms(int64_t ms)
{
	return stop_wait_fd(-1, ms);
}
