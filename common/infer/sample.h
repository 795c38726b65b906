/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a file, decompressed, which is read again and again. Private to the room. */
#ifndef PENSTOCK_INFER_SAMPLE_H
#define PENSTOCK_INFER_SAMPLE_H

#include "base/buf.h"
#include "format/reader.h"

struct sample {
	struct buf bytes;
	bool whole;	      /* the file ends here */
	const char *encoding; /* of text; static */
	int fd;		      /* of a copy in memory */
};

/* Reads from the start of `fd` (borrowed). */
MUST_CHECK bool sample_read(int fd, const char *name, struct sample *sample, struct err *err);
void sample_release(struct sample *sample);
/* Whether it could have been written by a person: no control characters but white space. */
bool sample_is_text(const struct sample *sample);

struct sample_walk {
	const struct reading *reading;
	const struct string_list *wanted;
	bool (*visit)(void *context, const struct record *record); /* false ends it */
	void *context;
	/* Given at the start, may be NULL; false ends it. */
	bool (*columns)(void *context, const struct string_list *columns);
};
/*
 * Reads the sample's records. False, class DATA: it cannot be read so; where the sample is not all
 * of the file, that it breaks off is no error.
 */
MUST_CHECK bool sample_records(
	const struct sample *sample, const struct sample_walk *walk, struct err *err);

#endif
