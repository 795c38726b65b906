/* SPDX-License-Identifier: Apache-2.0 */
/* A growing set of publications, by content and repeat: eight bytes each, a million at most. */
#ifndef PENSTOCK_PRODUCER_KNOWN_H
#define PENSTOCK_PRODUCER_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is an empty set. */
struct known {
	uint64_t *slots; /* 0: free */
	size_t count;
	size_t capacity; /* a power of two */
};

void known_clear(struct known *known);
/* Beyond the maximum nothing is added: the set is a shortcut, not a truth. */
void known_add(struct known *known, const char *sha256, int64_t repeat);
bool known_has(const struct known *known, const char *sha256, int64_t repeat);

#endif
