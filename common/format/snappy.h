/* SPDX-License-Identifier: Apache-2.0 */
/* Snappy's raw format (google/snappy, format_description.txt), decompression only. Private. */
#ifndef PENSTOCK_FORMAT_SNAPPY_H
#define PENSTOCK_FORMAT_SNAPPY_H

#include "base/buf.h"

/* Replaces `out` by what `data` holds; false when it is no such stream, or holds more than
 * out->max bytes: then out->overflow is set. */
bool snappy_decompress(const unsigned char *data, size_t len, struct buf *out);

#endif
