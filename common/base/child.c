/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"

#define READ_BYTES     8192
#define MAX_LAST_READS ((size_t)(1 << 20) / READ_BYTES) /* as much as a pipe may hold */

static const int64_t grace_us = 5000000;
static const int64_t never_us = INT64_MAX;

struct running {
	const struct child *child;
	struct buf *kept;
	pid_t pid;
	int pidfd;
	int out; /* what it writes; -1: the end was read */
	int64_t started_us;
	int64_t deadline_us; /* then SIGTERM, or SIGKILL when `asked` */
	bool asked;	     /* it got SIGTERM */
	enum child_end end;
};

/* ---- the child's side ---- */

static _Noreturn void fail_child(int report)
{
	int why = errno;
	ssize_t written = write(report, &why, sizeof(why));
	(void)written;
	_exit(127);
}

static _Noreturn void become(const struct child *child, const char *const *environment,
	pid_t parent, int out, int report)
{
	sigset_t none;
	sigemptyset(&none);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0);
	sigprocmask(SIG_SETMASK, &none, NULL);
	static const int signals[] = {SIGTERM, SIGINT, SIGPIPE, SIGIO};
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	int in = open("/dev/null", O_RDONLY);
	if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		dup2(out, STDERR_FILENO) < 0 || (child->folder && chdir(child->folder) != 0))
		fail_child(report);
	execvpe(child->argv[0], (char *const *)child->argv, (char *const *)environment);
	fail_child(report);
}

/* ---- our side ---- */

static bool is_set_by(const char *const *added, const char *pair)
{
	size_t n = strcspn(pair, "=") + 1;
	for (; added && *added; added++)
		if (strncmp(*added, pair, n) == 0)
			return true;
	return false;
}

/* Ours and what is added, which goes before; borrows every string. Free it with free. */
static const char **merge_environment(const char *const *added)
{
	size_t count = 1;
	for (char **p = environ; *p; p++)
		count++;
	for (const char *const *p = added; p && *p; p++)
		count++;
	const char **merged = calloc(count, sizeof(*merged));
	if (!merged)
		BUG("out of memory");
	size_t n = 0;
	for (char **p = environ; *p; p++)
		if (!is_set_by(added, *p))
			merged[n++] = *p;
	for (const char *const *p = added; p && *p; p++)
		merged[n++] = *p;
	return merged;
}

/* False, with errno, when the child could not become the command. */
static bool await_start(int report)
{
	int why = 0;
	ssize_t n = 0;
	do
		n = read(report, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(why))
		return true;
	errno = why;
	return false;
}

static bool start(struct running *running, int out[2], int report[2])
{
	pid_t parent = getpid();
	const char **environment = merge_environment(running->child->environment);
	running->pid = fork();
	if (running->pid == 0)
		become(running->child, environment, parent, out[1], report[1]);
	int why = errno;
	free(environment);
	close(out[1]);
	close(report[1]);
	errno = why;
	if (running->pid < 0)
		return false;
	if (!await_start(report[0])) {
		why = errno;
		waitpid(running->pid, NULL, 0);
		errno = why;
		return false;
	}
	running->pidfd = (int)syscall(SYS_pidfd_open, running->pid, 0);
	if (running->pidfd >= 0)
		return true;
	why = errno;
	kill(-running->pid, SIGKILL);
	waitpid(running->pid, NULL, 0);
	errno = why;
	return false;
}

/* The newest part stays. */
static void keep(struct buf *kept, const char *text, size_t n)
{
	size_t half = kept->max / 2;
	if (n > half) {
		text += n - half;
		n = half;
	}
	if (kept->len + n > kept->max) {
		memmove(kept->data, kept->data + kept->len - half, half);
		kept->len = half;
	}
	buf_append(kept, text, n);
}

/* Reads what is there; *ret_more false when that was nothing. */
static void drain(struct running *running, bool *ret_more)
{
	char text[READ_BYTES];
	ssize_t n = read(running->out, text, sizeof(text));
	*ret_more = n > 0;
	if (n > 0) {
		keep(running->kept, text, (size_t)n);
		if (running->child->output)
			running->child->output(running->child->context, text, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(running->out);
		running->out = -1;
	}
}

static void ask_to_end(struct running *running, enum child_end end)
{
	running->end = end;
	running->asked = true;
	running->deadline_us = clock_monotonic_us() + grace_us;
	kill(-running->pid, SIGTERM);
}

static void watch_time(struct running *running)
{
	if (!running->asked && stop_requested())
		ask_to_end(running, CHILD_STOPPED);
	if (clock_monotonic_us() < running->deadline_us)
		return;
	if (!running->asked) {
		ask_to_end(running, CHILD_TIMED_OUT);
		return;
	}
	kill(-running->pid, SIGKILL);
	running->deadline_us = never_us;
}

static int wait_ms(const struct running *running)
{
	if (running->deadline_us == never_us)
		return -1;
	int64_t us = running->deadline_us - clock_monotonic_us();
	if (us <= 0)
		return 0;
	return us > 60000000 ? 60000 : (int)(us / 1000) + 1;
}

/* Until the child itself ended; who inherited its output may live on, and is ended. */
static void attend(struct running *running)
{
	bool more = false;
	for (bool ended = false; !ended;) {
		/* Once asked to end, it is the clock that matters. */
		struct pollfd fds[] = {{.fd = running->pidfd, .events = POLLIN},
			{.fd = running->out, .events = POLLIN},
			{.fd = running->asked ? -1 : stop_fd(), .events = POLLIN}};
		poll(fds, 3, wait_ms(running));
		ended = fds[0].revents != 0;
		if (running->out >= 0 && fds[1].revents)
			drain(running, &more);
		watch_time(running);
	}
	kill(-running->pid, SIGKILL);
	/* Who left the group may write for ever: what was in the pipe is the child's. */
	more = true;
	for (size_t i = 0; i < MAX_LAST_READS && more && running->out >= 0; i++)
		drain(running, &more);
}

static void finish(struct running *running, struct child_result *ret_result)
{
	int status = 0;
	while (waitpid(running->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	bool killed = WIFSIGNALED(status);
	enum child_end end = running->asked ? running->end : killed ? CHILD_KILLED : CHILD_EXITED;
	*ret_result = (struct child_result){.end = end,
		.code = killed ? WTERMSIG(status) : WEXITSTATUS(status),
		.milliseconds = (clock_monotonic_us() - running->started_us) / 1000};
}

bool child_run(const struct child *child, struct buf *output, struct child_result *ret_result,
	struct err *err)
{
	struct running running = {.child = child, .kept = output, .pidfd = -1, .out = -1};
	int out[2];
	int report[2];
	if (pipe2(out, O_CLOEXEC) != 0)
		return err_fail_errno(err, ERR_FATAL, "starting %s", child->argv[0]);
	if (pipe2(report, O_CLOEXEC) != 0) {
		close(out[0]);
		close(out[1]);
		return err_fail_errno(err, ERR_FATAL, "starting %s", child->argv[0]);
	}
	running.out = out[0];
	running.started_us = clock_monotonic_us();
	running.deadline_us =
		child->timeout_ms ? running.started_us + child->timeout_ms * 1000 : never_us;
	fcntl(running.out, F_SETFL, O_NONBLOCK);
	bool ok = start(&running, out, report);
	if (ok) {
		attend(&running);
		finish(&running, ret_result);
	} else {
		err_fail_errno(err, ERR_FATAL, "starting %s", child->argv[0]);
	}
	close(report[0]);
	if (running.out >= 0)
		close(running.out);
	if (running.pidfd >= 0)
		close(running.pidfd);
	return ok;
}
