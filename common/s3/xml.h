/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XML of S3's answers: small, flat documents. Strict: not well-formed, with a DOCTYPE, nested
 * deeper than 8 or with a text beyond 16 KiB is an error.
 */
#ifndef PENSTOCK_S3_XML_H
#define PENSTOCK_S3_XML_H

#include <stddef.h>

#include "base/err.h"

/*
 * Calls `element` at each end tag with the path from the root ("ListBucketResult/Contents/Key")
 * and the element's own text (none for one that holds elements). False from it ends the parse.
 */
MUST_CHECK bool xml_parse(const void *text, size_t len,
	bool (*element)(void *context, const char *path, const char *text, struct err *err),
	void *context, struct err *err);

#endif
