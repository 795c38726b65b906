/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks into a JSON document on its way past: what stands at a few paths. Memory does not grow with
 * the document. Structure is checked; what is inside of strings and numbers nobody asked for is
 * left to whoever loads the document.
 */
#ifndef PENSTOCK_FETCH_PROBE_H
#define PENSTOCK_FETCH_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json_path.h"
#include "base/json_scan.h"

enum { PROBE_PATHS = 4, PROBE_TEXT_MAX = 4096 };

/* What stands at a path; of several members of one name the last counts. */
struct probe_found {
	bool there;
	enum json_kind kind;
	bool has_elements; /* of an array */
	struct buf text;   /* of a number; of a string, unescaped; overflow: it is longer */
};

struct probe_path {
	const char *text; /* NULL: nothing is looked for */
	struct json_path path;
	unsigned matched; /* so many of its names led into what is open */
	bool here;	  /* the value behind the key in hand is the next name's */
	size_t element;	  /* of the array its next name counts in: the one that follows */
	unsigned array;	  /* depth of the array found, while it is open; 0: it is not */
	bool takes;	  /* the value in hand is what it looked for */
	struct probe_found found;
};

struct probe {
	struct probe_path paths[PROBE_PATHS];
	size_t count;
	int state;
	unsigned depth;
	uint64_t objects; /* bit n: what is open at depth n + 1 is an object */
	bool is_key;	  /* the string in hand */
	bool taken;	  /* some path takes the value in hand */
	struct buf text;  /* of the string or number in hand, if anybody asks for it */
	struct json_scanner scanner;
	struct arena arena; /* the paths' names */
	char start[64];	    /* the document's beginning, for messages */
	size_t started;
};

/*
 * Paths as in json_path.h, "" is the document itself; NULL: none. They are borrowed until release.
 */
void probe_init(struct probe *probe, const char *const *paths, size_t count);
void probe_release(struct probe *probe);
/* For the next document. */
void probe_clear(struct probe *probe);

/* DATA, with the document's beginning, when it is no JSON. */
MUST_CHECK bool probe_feed(struct probe *probe, const void *data, size_t n, struct err *err);
/* DATA when the document has not ended. */
MUST_CHECK bool probe_end(struct probe *probe, struct err *err);

#endif
