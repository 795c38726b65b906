/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a JSON document of any size through a window: where values begin and end, by following
 * quotes and brackets only. What a value holds is json_validate's business. Private.
 */
#ifndef PENSTOCK_FORMAT_JSON_FRAME_H
#define PENSTOCK_FORMAT_JSON_FRAME_H

#include "format/window.h"

/* The next byte that is not white space (which is consumed); -1 at the end. */
MUST_CHECK bool json_peek(struct window *window, int *ret_byte, struct err *err);
/* json_peek must be `byte`, which is consumed; class DATA otherwise. */
MUST_CHECK bool json_expect(struct window *window, char byte, struct err *err);
/* Class DATA: what stands here, and what was expected. */
bool json_unexpected(const struct window *window, const char *expected, struct err *err);

/*
 * The length of the value at the window's start, all of it in the window; *ret_whole false when it
 * is longer than RECORD_MAX_BYTES. Class DATA when the input ends inside, or no value begins here.
 */
MUST_CHECK bool json_frame(
	struct window *window, size_t *ret_len, bool *ret_whole, struct err *err);
/* Consumes the value at the window's start, however long. */
MUST_CHECK bool json_skip(struct window *window, struct err *err);

#endif
