/* SPDX-License-Identifier: Apache-2.0 */
/* The first three bytes choose the dialect, the rest is the file. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const delimiters[] = {",", "\t", "||", "\xC2\xA6"};
	static const char *const encodings[] = {"utf-8", "windows-1252", "utf-16", "shift_jis",
		"iso-2022-jp", "utf-7", "gb18030", "utf-32le"};
	const char *comments[] = {"#"};
	const char *columns[] = {"x", "y"};
	if (size < 3)
		return 0;
	bool joined = data[1] & 16;
	struct reading reading = {.format = FORMAT_CSV,
		.csv = {.delimiter = delimiters[data[0] & 3],
			.quote = data[0] & 4 ? '"' : '\0',
			.escape = data[0] & 8 ? '\\' : '\0',
			.skip = data[0] & 16 ? 1 : 0,
			.trim = data[0] & 32,
			.ragged = (enum ragged_rule)(data[0] >> 6) % 3,
			.header = joined ? 3 : (uint32_t)(data[1] & 3),
			.header_join = joined ? " " : "",
			.columns = {columns, data[1] & 4 ? 2 : 0},
			.comment = {comments, data[1] & 8 ? 1 : 0},
			.footer = (uint32_t)(data[1] >> 5),
			.encoding = encodings[data[2] & 7]}};
	read_twice(&reading, data + 3, size - 3);
	return 0;
}
