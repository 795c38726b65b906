/* SPDX-License-Identifier: Apache-2.0 */
/* Every kernel against a plain definition of the masks, at every offset. */
#include "format/csv_scan.h"

#include <stdlib.h>
#include <string.h>

#include "support/cmocka_all.h"

#define BLOCKS 5
#define BYTES  (BLOCKS * 64)

static void check_kernel(
	const struct csv_kernel *kernel, const unsigned char *data, struct csv_bytes bytes)
{
	uint64_t marks[BLOCKS];
	uint8_t high[BLOCKS];
	memset(marks, 0xA5, sizeof(marks));
	memset(high, 0xA5, sizeof(high));
	kernel->scan(data, BLOCKS, bytes, marks, high);
	for (size_t b = 0; b < BLOCKS; b++) {
		bool any_high = false;
		for (size_t i = 0; i < 64; i++) {
			unsigned char c = data[b * 64 + i];
			bool marked =
				c == '\n' || c == '\r' || c == bytes.delimiter || c == bytes.quote;
			if ((marks[b] >> i & 1) != marked)
				fail_msg("%s: byte %02x at %zu", kernel->name, c, b * 64 + i);
			any_high = any_high || c >= 0x80;
		}
		if (high[b] != any_high)
			fail_msg("%s: high of block %zu is %u", kernel->name, b, high[b]);
	}
}

static void check_all(const unsigned char *data, struct csv_bytes bytes)
{
	for (size_t k = 0; k < csv_kernel_count; k++)
		if (csv_kernels[k].runs_here())
			check_kernel(&csv_kernels[k], data, bytes);
}

static void random_bytes_at_every_offset(void **state)
{
	(void)state;
	/* The adversarial half: nothing but special bytes and their neighbours by one bit. */
	static const unsigned char hard[] =
		"\n\r,\"\x0b\x0c\x0d\x8a\x8d\xac\xa2-#;\t|\x00\x7f\x80\xff";
	static const struct csv_bytes dialects[] = {
		{',', '"'}, {';', '\''}, {'\t', '\t'}, {0xFF, 0x80}, {'\x01', '"'}};
	unsigned seed = 1;
	for (int round = 0; round < 40; round++) {
		unsigned char *block = malloc(BYTES + 64);
		for (size_t i = 0; i < BYTES + 64; i++)
			block[i] = round % 2 ? (unsigned char)rand_r(&seed)
					     : hard[(size_t)rand_r(&seed) % (sizeof(hard) - 1)];
		for (size_t offset = 0; offset < 64; offset++)
			check_all(block + offset, dialects[round % 5]);
		free(block);
	}
}

static void one_byte_in_silence(void **state)
{
	(void)state;
	unsigned char data[BYTES];
	for (size_t at = 0; at < BYTES; at++) {
		static const unsigned char loud[] = {',', '"', '\n', '\r', 0x80};
		for (size_t i = 0; i < sizeof(loud); i++) {
			memset(data, 'x', sizeof(data));
			data[at] = loud[i];
			check_all(data, (struct csv_bytes){',', '"'});
		}
	}
}

static void the_best_one_runs_here(void **state)
{
	(void)state;
	size_t k = 0;
	while (csv_kernels[k].scan != csv_scan_best())
		assert_true(++k < csv_kernel_count);
	assert_true(csv_kernels[k].runs_here());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes_at_every_offset),
		cmocka_unit_test(one_byte_in_silence),
		cmocka_unit_test(the_best_one_runs_here),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
