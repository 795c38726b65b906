/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked into every program of the tsan preset. GCC 12's ThreadSanitizer knows POSIX threads, not
 * C11's, which librdkafka uses: a thread it did not see start crashes it, a lock it did not see
 * taken is a race. So C11's threads are POSIX threads here (glibc gives both the same objects).
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

#include "base/err.h"

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "mtx_t is no pthread_mutex_t");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "cnd_t is no pthread_cond_t");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "thrd_t is no pthread_t");

/* Third parties only. Our own races are mended. */
static const char suppressions[] =
	/* Its atomics are built in and invisible, so what they order looks like races: reference
	 * counts that guard rwlocks and free(). Locks are seen, through the functions below. */
	"called_from_lib:librdkafka.so.1\n"
	/* A lock made by one of its threads and found by another under an rwlock of its own. */
	"race:mtx_init\n"
	"race:mtx_lock\n"
	"race:mtx_destroy\n"
	"race:cnd_init\n"
	"race:cnd_destroy\n";

const char *__tsan_default_options(void);
const char *__tsan_default_suppressions(void);

const char *__tsan_default_options(void)
{
	return "halt_on_error=1:second_deadlock_stack=1:atexit_sleep_ms=0";
}

const char *__tsan_default_suppressions(void)
{
	return suppressions;
}

struct start {
	thrd_start_t run;
	void *argument;
};

static void *run(void *argument)
{
	struct start start = *(struct start *)argument;
	free(argument);
	return (void *)(intptr_t)start.run(start.argument);
}

static int result(int code)
{
	return code == 0 ? thrd_success : thrd_error;
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
	struct start *start = malloc(sizeof(*start));
	if (!start)
		BUG("out of memory");
	*start = (struct start){function, argument};
	return result(pthread_create(thread, NULL, run, start));
}

int thrd_join(thrd_t thread, int *ret_code)
{
	void *code = NULL;
	int failed = pthread_join(thread, &code);
	if (!failed && ret_code)
		*ret_code = (int)(intptr_t)code;
	return result(failed);
}

int mtx_init(mtx_t *mutex, int type)
{
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	if (type & mtx_recursive)
		pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	int failed = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return result(failed);
}

int mtx_lock(mtx_t *mutex)
{
	return result(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
	return result(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

void mtx_destroy(mtx_t *mutex)
{
	pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int cnd_init(cnd_t *condition)
{
	return result(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

int cnd_signal(cnd_t *condition)
{
	return result(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
	return result(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
	return result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
	int code = pthread_cond_timedwait(
		(pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);
	return code == ETIMEDOUT ? thrd_timedout : result(code);
}

void cnd_destroy(cnd_t *condition)
{
	pthread_cond_destroy((pthread_cond_t *)condition);
}
