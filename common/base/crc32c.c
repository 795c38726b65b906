/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32c.h"

#include <string.h>
#ifdef __x86_64__
#include <nmmintrin.h>
#endif

/* One nibble at a time: 16 entries computed from the reflected polynomial. */
static const uint32_t nibble_table[16] = {0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1,
	0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D, 0x82F63B78, 0x92A8FC17, 0xA24BB5A6,
	0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75};

uint32_t crc32c_portable(uint32_t crc, const void *data, size_t n)
{
	const unsigned char *p = data;
	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ nibble_table[crc & 15];
		crc = crc >> 4 ^ nibble_table[crc & 15];
	}
	return ~crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(
	uint32_t crc, const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t state = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t word = 0;
		memcpy(&word, p, sizeof(word));
		state = _mm_crc32_u64(state, word);
	}
	uint32_t low = (uint32_t)state;
	for (; n; n--)
		low = _mm_crc32_u8(low, *p++);
	return ~low;
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t n)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse42(crc, data, n);
#endif
	return crc32c_portable(crc, data, n);
}
