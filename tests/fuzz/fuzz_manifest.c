/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest's document: what is read and written again is the same, and is read again. */
#include <stdint.h>
#include <stdlib.h>

#include "archive/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(const char *text, size_t len, struct buf *out)
{
	struct manifest manifest;
	manifest_init(&manifest);
	bool ok = manifest_parse(text, len, "fuzz", &manifest, NULL);
	if (ok)
		manifest_write(&manifest, out);
	manifest_release(&manifest);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once;
	struct buf twice;
	buf_init(&once, MANIFEST_MAX_BYTES);
	buf_init(&twice, MANIFEST_MAX_BYTES);
	if (rewrite((const char *)data, size, &once) &&
		(!rewrite(buf_text(&once), once.len, &twice) || once.len != twice.len ||
			memcmp(once.data, twice.data, once.len) != 0))
		abort();
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
