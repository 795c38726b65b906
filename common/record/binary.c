/* SPDX-License-Identifier: Apache-2.0 */
#include "record/binary.h"

bool binary_read_long_slow(const unsigned char **at, const unsigned char *end, int64_t *ret_value)
{
	const unsigned char *p = *at;
	uint64_t bits = 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (p == end)
			return false;
		unsigned char byte = *p++;
		/* The tenth byte holds one bit; a last byte of zero says nothing. */
		if ((shift == 63 && byte > 1) || (byte == 0 && shift > 0))
			return false;
		bits |= (uint64_t)(byte & 0x7F) << shift;
		if (byte < 0x80) {
			*ret_value = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
			*at = p;
			return true;
		}
	}
	return false;
}
