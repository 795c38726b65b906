/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hmac.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/err.h"

void hmac_sha256(const void *key, size_t key_n, const void *data, size_t n,
	unsigned char ret_digest[SHA256_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	unsigned size = 0;
	if (key_n > INT_MAX || !HMAC(EVP_sha256(), key, (int)key_n, data, n, digest, &size) ||
		size != SHA256_SIZE)
		BUG("cannot make an HMAC");
	memcpy(ret_digest, digest, SHA256_SIZE);
}
