/* SPDX-License-Identifier: Apache-2.0 */
/* The codecs of Avro container files (specification 1.11, "Required" and "Optional Codecs"): null,
 * deflate, snappy, zstandard, bzip2, xz. Private. */
#ifndef PENSTOCK_FORMAT_AVRO_CODEC_H
#define PENSTOCK_FORMAT_AVRO_CODEC_H

#include "base/buf.h"
#include "base/err.h"

struct avro_codec;

/* The codec of this name (not terminated), NULL: none such. Static. */
const struct avro_codec *avro_codec_find(const char *name, size_t len);
/* "null, deflate, ...", for messages. */
const char *avro_codec_names(void);

/* Replaces `out`, at most out->max bytes of it, by what the block holds. Class DATA: it is broken,
 * or holds more. */
MUST_CHECK bool avro_codec_decode(const struct avro_codec *codec, const unsigned char *data,
	size_t len, struct buf *out, struct err *err);

#endif
