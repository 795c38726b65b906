/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the known word closest to one that is not known. */
#ifndef PENSTOCK_BASE_NEAREST_H
#define PENSTOCK_BASE_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX_LENGTH 63

struct nearest {
	const char *word;     /* what was written; borrowed */
	const char *best;     /* the closest candidate so far, borrowed; NULL: none is close */
	size_t best_distance; /* edits: a letter added, left out, changed, or two swapped */
};

void nearest_begin(struct nearest *nearest, const char *word);
/*
 * Takes the candidate when it is closer than those before it and at most a third of its length
 * away. Words over NEAREST_MAX_LENGTH bytes are close to nothing.
 */
void nearest_try(struct nearest *nearest, const char *candidate);

#endif
