/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *wanted;
static size_t wanted_length;
static atomic_long passes_left;
static int deed = SIGKILL;

static void read_environment(void)
{
	const char *text = getenv("PENSTOCK_FAULT");
	if (!text || !*text)
		return;
	const char *colon = strchr(text, ':');
	wanted_length = colon ? (size_t)(colon - text) : strlen(text);
	char *rest = NULL;
	atomic_store(&passes_left, colon ? strtol(colon + 1, &rest, 10) : 1);
	if (rest && strcmp(rest, ":stop") == 0)
		deed = SIGSTOP;
	wanted = text;
}

void fault_point(const char *name)
{
	pthread_once(&once, read_environment);
	if (!wanted || strlen(name) != wanted_length || memcmp(name, wanted, wanted_length) != 0)
		return;
	if (atomic_fetch_sub(&passes_left, 1) == 1)
		raise(deed);
}
