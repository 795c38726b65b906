/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the dialect, the rest is the file. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct reading reading = {.format = FORMAT_CSV,
		.csv = {.delimiter = data[0] & 1 ? ',' : '\t',
			.quote = data[0] & 2 ? '"' : '\0',
			.header = (data[0] & 12) >> 2,
			.skip = data[0] & 16 ? 1 : 0,
			.trim = data[0] & 32,
			.ragged = data[0] & 64 ? RAGGED_PAD : RAGGED_REJECT,
			.encoding = data[0] & 128 ? ENCODING_WINDOWS_1252 : ENCODING_UTF8}};
	read_twice(&reading, data + 1, size - 1);
	return 0;
}
