/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches a source into the inbox. A fetch is one answer or all pages of an API; its files wait in
 * <inbox>/.sources/<name>/ until the last of them is there, then all go to <inbox>/@<name>/. What a
 * crash or a failure interrupted goes on at the page where it was. Of several processes that share
 * an inbox one fetches a source at a time. docs/sources.md tells the rules. One fetch a thread.
 */
#ifndef PENSTOCK_FETCH_FETCH_H
#define PENSTOCK_FETCH_FETCH_H

#include "config/config.h"
#include "fetch/state.h"

/* A fetch that is whole and not yet visible in the inbox. */
struct fetch_whole {
	const struct remote *remote;
	const char *time; /* "20260301T120000Z": with the source's name it names the fetch */
	const char *const *names; /* of its files */
	int64_t files;
	bool again; /* some may be visible: a crash came between */
};

struct fetch_options {
	const struct config *config;
	bool when_due; /* only if the schedule says so */
	/* Where batch runs wait for sources: told before the first file becomes visible, and once
	 * more when a crash came between. Its error ends the attempt. */
	bool (*whole)(void *context, const struct fetch_whole *whole, struct err *err);
	/* Bytes of the answer in hand. May be NULL. */
	void (*progress)(void *context, int64_t page, int64_t bytes);
	void *context;
};

enum fetch_outcome {
	FETCH_DONE,
	FETCH_UNCHANGED, /* the server has nothing new */
	FETCH_BUSY,	 /* another process is at it */
	FETCH_NOT_DUE,
};

struct fetch_result {
	enum fetch_outcome outcome;
	int64_t files; /* that went into the inbox */
	int64_t bytes;
	int64_t due_ms; /* when it is due next; INT64_MAX: never */
};

/*
 * RETRY: the same again later goes on where this ended. FATAL: a person is needed, and the next one
 * begins anew. Either way the state says why; a stop leaves it as it is. *ret_result is filled in
 * any case.
 */
MUST_CHECK bool fetch_source(const struct fetch_options *options, const struct remote *remote,
	struct fetch_result *ret_result, struct err *err);

/* What is known of a source, without waiting for a fetch under way. */
MUST_CHECK bool fetch_read_state(const struct config *config, const struct remote *remote,
	struct fetch_state *ret_state, struct err *err);
/* When the source is due, in milliseconds since 1970; INT64_MAX: never by itself. */
int64_t fetch_due_ms(const struct remote *remote, const struct fetch_state *state, int64_t now_ms);

#define FETCH_TIME_SIZE 32
#define FETCH_NAME_SIZE 256
/* "20260301T120000Z", in UTC. */
void fetch_time(int64_t started_s, char ret_time[FETCH_TIME_SIZE]);
/* The name of file number `page` of the fetch of that `time`. */
void fetch_file_name(const struct remote *remote, const char *time, int64_t page,
	char ret_name[FETCH_NAME_SIZE]);

/* The source whose files go to the folder that `path` is directly in; NULL: none. */
const struct remote *fetch_source_of(const struct config *config, const char *path);

#endif
