/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA256 (RFC 2104), through OpenSSL. */
#ifndef PENSTOCK_CRYPTO_HMAC_H
#define PENSTOCK_CRYPTO_HMAC_H

#include "crypto/sha256.h"

/* The digest may overwrite the key. */
void hmac_sha256(const void *key, size_t key_n, const void *data, size_t n,
	unsigned char ret_digest[SHA256_SIZE]);

#endif
