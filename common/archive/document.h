/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest as JSON text and back, losing nothing. */
#ifndef PENSTOCK_ARCHIVE_DOCUMENT_H
#define PENSTOCK_ARCHIVE_DOCUMENT_H

#include "archive/manifest.h"
#include "base/buf.h"

#define MANIFEST_MAX_BYTES (16 << 20)

void manifest_write(const struct manifest *manifest, struct buf *out);
/*
 * Fills an initialized manifest. Strict: another version, a member that is missing, unknown or of
 * the wrong kind is FATAL; `path` stands in the message.
 */
MUST_CHECK bool manifest_parse(
	const char *text, size_t len, const char *path, struct manifest *manifest, struct err *err);

#endif
