/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"

static const int64_t poll_ms = 100;

static int stop_signal_of(const struct process *process)
{
	return process->stop_signal ? process->stop_signal : SIGTERM;
}

/* In the child; reports a failure through the pipe and never returns. */
static _Noreturn void run_child(const struct process *process, pid_t parent, int report_fd)
{
	prctl(PR_SET_PDEATHSIG, stop_signal_of(process));
	if (getppid() != parent)
		_exit(0);
	/* A group of its own: Ctrl-C reaches the supervisor alone, which ends the children in
	 * order. */
	setpgid(0, 0);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	bool ok = true;
	if (process->change_user)
		ok = setgroups(0, NULL) == 0 && setgid(process->gid) == 0 &&
		     setuid(process->uid) == 0;
	/* Changing the user clears the death signal. */
	if (ok)
		ok = prctl(PR_SET_PDEATHSIG, stop_signal_of(process)) == 0;
	if (ok && process->log_path) {
		int fd = open(process->log_path, O_WRONLY | O_CREAT | O_APPEND, 0644);
		ok = fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0;
	}
	if (ok)
		execv(process->argv[0], (char *const *)process->argv);
	int why = errno;
	ssize_t written = write(report_fd, &why, sizeof(why));
	(void)written;
	_exit(127);
}

static bool spawn(struct process *process, struct err *err)
{
	int report[2];
	if (pipe2(report, O_CLOEXEC) != 0)
		return err_fail_errno(err, ERR_FATAL, "starting %s", process->name);
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0) {
		err_fail_errno(err, ERR_FATAL, "starting %s", process->name);
		close(report[0]);
		close(report[1]);
		return false;
	}
	if (pid == 0)
		run_child(process, parent, report[1]);
	close(report[1]);
	int why = 0;
	ssize_t n = 0;
	do
		n = read(report[0], &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == (ssize_t)sizeof(why)) {
		waitpid(pid, NULL, 0);
		errno = why;
		return err_fail_errno(
			err, ERR_FATAL, "starting %s (%s)", process->name, process->argv[0]);
	}
	process->pid = pid;
	process->started_us = clock_monotonic_us();
	return true;
}

bool supervise_start(struct supervisor *supervisor, struct process *process, struct err *err)
{
	if (supervisor->count == PROCESS_MAX)
		return err_fail(err, ERR_FATAL, "more than %d processes", PROCESS_MAX);
	if (!spawn(process, err))
		return false;
	supervisor->processes[supervisor->count++] = process;
	return true;
}

static void note_end(struct process *process, int status)
{
	bool signalled = WIFSIGNALED(status);
	bool lived_long = clock_monotonic_us() - process->started_us > 60 * 1000000LL;
	process->pid = 0;
	process->exit_status = status;
	if (!process->restart)
		return;
	unsigned attempt = lived_long ? 0 : process->restarts;
	int64_t wait_ms = clock_backoff_ms(attempt, 200, 10000);
	process->restart_at_us = clock_monotonic_us() + wait_ms * 1000;
	process->restarts++;
	log_warn("a process ended and is started again", log_str("process", process->name),
		log_int(signalled ? "signal" : "exit_code",
			signalled ? WTERMSIG(status) : WEXITSTATUS(status)),
		log_int("in_ms", wait_ms),
		log_str("log", process->log_path ? process->log_path : "stderr"));
}

static struct process *reap(struct supervisor *supervisor)
{
	struct process *ended = NULL;
	for (size_t i = 0; i < supervisor->count; i++) {
		struct process *process = supervisor->processes[i];
		int status = 0;
		if (process->pid > 0 && waitpid(process->pid, &status, WNOHANG) == process->pid) {
			note_end(process, status);
			if (!process->restart)
				ended = process;
		}
	}
	return ended;
}

bool supervise_step(
	struct supervisor *supervisor, int64_t ms, struct process **ret_ended, struct err *err)
{
	int64_t deadline = clock_monotonic_us() + ms * 1000;
	struct process *ended = NULL;
	for (;;) {
		ended = reap(supervisor);
		for (size_t i = 0; i < supervisor->count; i++) {
			struct process *process = supervisor->processes[i];
			if (process->restart && process->pid == 0 &&
				clock_monotonic_us() >= process->restart_at_us &&
				!spawn(process, err))
				return false;
		}
		if (ended || clock_monotonic_us() >= deadline || stop_wait_ms(poll_ms))
			break;
	}
	if (ret_ended)
		*ret_ended = ended;
	return true;
}

static void end_process(struct process *process, int64_t ms)
{
	if (process->pid == 0)
		return;
	kill(process->pid, stop_signal_of(process));
	int64_t deadline = clock_monotonic_us() + ms * 1000;
	int status = 0;
	while (waitpid(process->pid, &status, WNOHANG) == 0) {
		if (clock_monotonic_us() > deadline) {
			log_warn("a process did not end in time and is killed",
				log_str("process", process->name));
			kill(process->pid, SIGKILL);
			waitpid(process->pid, &status, 0);
			break;
		}
		usleep(20000);
	}
	process->pid = 0;
	process->exit_status = status;
}

void supervise_stop(struct supervisor *supervisor, int64_t ms)
{
	for (size_t i = supervisor->count; i > 0; i--)
		end_process(supervisor->processes[i - 1], ms);
	supervisor->count = 0;
}
