/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli; RFC 3720, appendix B.4), in hardware where the CPU has it. */
#ifndef PENSTOCK_BASE_CRC32C_H
#define PENSTOCK_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to start) over n bytes. crc32c(0, "123456789", 9) is 0xE3069283. */
uint32_t crc32c(uint32_t crc, const void *data, size_t n);
/* The same by table, on any CPU; what the tests hold the other against. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t n);

#endif
