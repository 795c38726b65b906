/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codecs of Avro container files (specification 1.11, "Required" and "Optional Codecs"): null,
 * deflate, snappy, zstandard, bzip2, xz. A block of any length is decoded piece by piece; one of
 * snappy, which points back to whatever came before, is held whole. Private.
 */
#ifndef PENSTOCK_FORMAT_AVRO_CODEC_H
#define PENSTOCK_FORMAT_AVRO_CODEC_H

#include <stddef.h>

#include "base/err.h"

/* The longest block of snappy, before and after it is decompressed. */
#define AVRO_SNAPPY_MAX_BYTES ((size_t)16 << 20)

struct avro_codec;

/* The codec of this name (not terminated), NULL: none such. Static. */
const struct avro_codec *avro_codec_find(const char *name, size_t len);
/* "null, deflate, ...", for messages. */
const char *avro_codec_names(void);
/* What a block holds is its bytes in the file. */
bool avro_codec_is_null(const struct avro_codec *codec);

/* A block as it stands in the file: its next bytes, borrowed until the next call; none at its end.
 */
struct avro_packed {
	bool (*next)(void *context, const unsigned char **ret_data, size_t *ret_n, struct err *err);
	void *context;
};

struct avro_decoder;

struct avro_decoder *avro_decoder_new(const struct avro_codec *codec, struct avro_packed packed);
void avro_decoder_free(struct avro_decoder *decoder);
/* A block begins. */
void avro_decoder_begin(struct avro_decoder *decoder);
/* What it holds, up to n bytes of it; *ret_n 0 at its end. Class DATA: it is broken. */
MUST_CHECK bool avro_decoder_read(
	struct avro_decoder *decoder, unsigned char *to, size_t n, size_t *ret_n, struct err *err);

#endif
