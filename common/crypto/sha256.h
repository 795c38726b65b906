/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), through OpenSSL. */
#ifndef PENSTOCK_CRYPTO_SHA256_H
#define PENSTOCK_CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define SHA256_HEX  65 /* with the NUL */

struct sha256; /* a running hash */

struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *hash, const void *data, size_t n);
/* Writes the digest and frees the hash. */
void sha256_finish(struct sha256 *hash, unsigned char ret_digest[SHA256_SIZE]);

void sha256_hex(const unsigned char digest[SHA256_SIZE], char ret_hex[SHA256_HEX]);
/* Of n bytes at once. */
void sha256_of(const void *data, size_t n, unsigned char ret_digest[SHA256_SIZE]);

#endif
