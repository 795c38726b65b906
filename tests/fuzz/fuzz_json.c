/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses lines or a document and where its records are. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"", "a", "a.b", "a.b.c"};
	if (size == 0)
		return 0;
	struct reading reading = {.format = data[0] & 1 ? FORMAT_NDJSON : FORMAT_JSON,
		.json = {.records = paths[data[0] >> 1 & 3]},
		.unknown = data[0] & 8 ? UNKNOWN_IGNORE : UNKNOWN_REFUSE};
	read_twice(&reading, data + 1, size - 1);
	return 0;
}
