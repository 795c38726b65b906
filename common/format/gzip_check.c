/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gzip_check.h"

#include <endian.h>
#include <string.h>

/* The polynomial of RFC 1952, section 8, reflected. */
#define POLYNOMIAL 0xEDB88320u

void gzip_check_init(struct gzip_check *check)
{
	*check = (struct gzip_check){0};
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		check->tables[0][i] = crc;
	}
	for (size_t step = 1; step < 8; step++)
		for (size_t i = 0; i < 256; i++) {
			uint32_t crc = check->tables[step - 1][i];
			check->tables[step][i] = crc >> 8 ^ check->tables[0][crc & 255];
		}
}

void gzip_check_output(struct gzip_check *check, const unsigned char *data, size_t n)
{
	uint32_t crc = ~check->crc;
	check->size += (uint32_t)n;
	for (; n >= 8; n -= 8, data += 8) {
		uint64_t word = 0;
		memcpy(&word, data, sizeof(word));
		word = le64toh(word) ^ crc;
		crc = 0;
		for (unsigned i = 0; i < 8; i++)
			crc ^= check->tables[7 - i][word >> 8 * i & 255];
	}
	for (; n > 0; n--, data++)
		crc = crc >> 8 ^ check->tables[0][(crc ^ *data) & 255];
	check->crc = ~crc;
}

/* A member begins with 1F 8B 08 and a byte of flags, three of which are reserved. */
static bool begins_member(uint32_t last4)
{
	return (last4 & 0xFFFFFFE0u) == 0x1F8B0800u;
}

void gzip_check_compressed(struct gzip_check *check, const unsigned char *data, size_t n)
{
	for (size_t i = 0; i < n && !check->more_members; i++) {
		check->last4 = check->last4 << 8 | data[i];
		if (begins_member(check->last4) && check->compressed + i > 3)
			check->more_members = true;
	}
	check->compressed += n;
	if (n >= sizeof(check->tail)) {
		memcpy(check->tail, data + n - sizeof(check->tail), sizeof(check->tail));
	} else {
		memmove(check->tail, check->tail + n, sizeof(check->tail) - n);
		memcpy(check->tail + sizeof(check->tail) - n, data, n);
	}
}

bool gzip_check_end(const struct gzip_check *check, struct err *err)
{
	uint32_t crc = 0;
	uint32_t size = 0;
	memcpy(&crc, check->tail, sizeof(crc));
	memcpy(&size, check->tail + sizeof(crc), sizeof(size));
	bool same_size = le32toh(size) == check->size;
	if (same_size && le32toh(crc) == check->crc)
		return true;
	if (!same_size && check->more_members)
		return true;
	return err_fail(err, ERR_DATA, "corrupt gzip data: %s",
		same_size ? "the CRC is wrong" : "the length is wrong, or bytes follow the end");
}
