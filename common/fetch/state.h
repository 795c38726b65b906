/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a source is: a small document beside what it has fetched, replaced whole. It moves on
 * only after what it speaks of is safely on disk.
 */
#ifndef PENSTOCK_FETCH_STATE_H
#define PENSTOCK_FETCH_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "http/url.h"

enum fetch_phase {
	FETCH_IDLE,
	FETCH_RUNNING,	 /* pages are coming in */
	FETCH_RELEASING, /* all are there and go into the inbox */
};

#define FETCH_ERROR_SIZE 1500

/* Times are milliseconds since 1970, 0: never. Texts are cut by nobody: what does not fit is an
 * error where it comes from. */
struct fetch_state {
	int64_t phase;	   /* enum fetch_phase */
	int64_t started_s; /* of the fetch in hand, or the last one: the time in its files' names */
	int64_t began_ms;  /* the last attempt */
	int64_t ended_ms;  /* of that attempt; 0: under way, or cut short */
	int64_t success_ms; /* the last fetch that came whole, or brought nothing new */
	int64_t failure_ms;
	int64_t failures;      /* in a row */
	int64_t not_before_ms; /* as the server asked */
	int64_t fatal;	       /* 1: the last failure needs a person */
	int64_t last_files;    /* of the last whole fetch */
	int64_t last_bytes;
	char error[FETCH_ERROR_SIZE]; /* of the last attempt; "": it went well */
	/* What the settings were: with others a fetch begins anew and knows no version. */
	char settings[65];
	char etag[512]; /* of the last whole fetch */
	char last_modified[64];
	/* The fetch in hand. */
	int64_t page; /* the next one, from 1 */
	int64_t files;
	int64_t bytes;
	char next[HTTP_URL_MAX + 1]; /* cursor or URL of that page; "": by its number */
	int64_t next_is_number;	     /* 1: the cursor is one in the answer, too */
	char new_etag[512];
	char new_last_modified[64];
	/* A page seen before, for finding servers that go round in circles. */
	int64_t mark_page;
	char mark_sha256[65];
	char mark_next[65];
};

/* All zero when there is none. FATAL, naming it, for what is no state. */
MUST_CHECK bool fetch_state_load(const char *path, struct fetch_state *ret_state, struct err *err);
MUST_CHECK bool fetch_state_save(
	const char *path, const struct fetch_state *state, struct err *err);

#endif
