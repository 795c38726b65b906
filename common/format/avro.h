/* SPDX-License-Identifier: Apache-2.0 */
/* The header of Avro container files, for those who only want to know what is in one. */
#ifndef PENSTOCK_FORMAT_AVRO_H
#define PENSTOCK_FORMAT_AVRO_H

#include <stdbool.h>
#include <stddef.h>

/* The schema's text in the header at the start of `data` (borrowed, not terminated); false when
 * there is none, or the header is cut. */
bool avro_find_schema(
	const unsigned char *data, size_t len, const char **ret_text, size_t *ret_len);

#endif
