/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <stdint.h>
#include <string.h>

void nearest_begin(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){.word = word, .best_distance = SIZE_MAX};
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance, three rows of the matrix at a time. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][NEAREST_MAX_LENGTH + 1];
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *now = rows[i % 3];
		const size_t *before = rows[(i - 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t changed = before[j - 1] + (a[i - 1] != b[j - 1]);
			now[j] = smaller(changed, smaller(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = smaller(now[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
	size_t word_len = strlen(nearest->word);
	size_t len = strlen(candidate);
	if (word_len > NEAREST_MAX_LENGTH || len > NEAREST_MAX_LENGTH)
		return;
	size_t edits = distance(nearest->word, word_len, candidate, len);
	size_t limit = len < 6 ? 2 : len / 3;
	if (edits >= len || edits > limit || edits >= nearest->best_distance)
		return;
	nearest->best = candidate;
	nearest->best_distance = edits;
}
