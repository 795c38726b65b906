/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source that is a bucket's prefix: every object below it that is new, or is another version than
 * the one fetched before, becomes a file. What is known is a mark of 16 bytes an object, of its
 * key, ETag and size.
 */
#ifndef PENSTOCK_FETCH_OBJECTS_H
#define PENSTOCK_FETCH_OBJECTS_H

#include "base/buf.h"
#include "config/config.h"
#include "fetch/stage.h"
#include "fetch/state.h"
#include "s3/s3.h"

struct objects {
	const struct config *config;
	const struct remote *remote;
	const struct stage *stage;
	struct fetch_state *state;
	/* Bytes of the object in hand. May be NULL. */
	void (*progress)(void *context, int64_t page, int64_t bytes);
	void *context;
	struct s3 *s3; /* NULL until needed */
	struct s3_place place;
	struct buf known; /* marks, sorted: of the last whole fetch */
	struct buf had;	  /* marks, sorted: of what an interrupted fetch kept */
	struct buf now;	  /* marks of this listing */
	struct buf kept;  /* text: a line for each page kept, mark, blank, file name */
	struct buf lines; /* size_t: where each of them begins */
	int fd;		  /* of the page in hand */
	int64_t bytes;	  /* in it */
};

/* Whether the source is a bucket's. */
bool objects_are_source(const struct remote *remote);

/* Reads what an interrupted fetch left. The pointers set before are borrowed. */
MUST_CHECK bool objects_open(struct objects *objects, struct err *err);
void objects_release(struct objects *objects);

/*
 * Lists, and keeps one page of the stage an object; the state, saved after each, ends RELEASING, or
 * IDLE when there is nothing new. FATAL beyond a million objects, 100,000 new ones, max_bytes.
 */
MUST_CHECK bool objects_take(struct objects *objects, struct err *err);
/* The name page number `page` was kept for, and another for where the first is taken. */
#define OBJECTS_NAME_SIZE 256
MUST_CHECK bool objects_name(const struct objects *objects, int64_t page,
	char ret_name[OBJECTS_NAME_SIZE], char ret_other[OBJECTS_NAME_SIZE], struct err *err);
/* After all was released: what was listed is what is known. Doing it again changes nothing. */
MUST_CHECK bool objects_remember(const struct objects *objects, struct err *err);

#endif
