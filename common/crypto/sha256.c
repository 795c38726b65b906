/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

#include <openssl/evp.h>

#include "base/err.h"

/* EVP's own context; the name is ours so that OpenSSL stays out of the header. */
struct sha256 *sha256_new(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		BUG("cannot start a SHA-256");
	return (struct sha256 *)context;
}

void sha256_add(struct sha256 *hash, const void *data, size_t n)
{
	if (EVP_DigestUpdate((EVP_MD_CTX *)hash, data, n) != 1)
		BUG("cannot continue a SHA-256");
}

void sha256_finish(struct sha256 *hash, unsigned char ret_digest[SHA256_SIZE])
{
	EVP_MD_CTX *context = (EVP_MD_CTX *)hash;
	unsigned size = 0;
	if (EVP_DigestFinal_ex(context, ret_digest, &size) != 1 || size != SHA256_SIZE)
		BUG("cannot finish a SHA-256");
	EVP_MD_CTX_free(context);
}

void sha256_hex(const unsigned char digest[SHA256_SIZE], char ret_hex[SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		ret_hex[i * 2] = digits[digest[i] >> 4];
		ret_hex[i * 2 + 1] = digits[digest[i] & 15];
	}
	ret_hex[SHA256_SIZE * 2] = '\0';
}

void sha256_of(const void *data, size_t n, unsigned char ret_digest[SHA256_SIZE])
{
	struct sha256 *hash = sha256_new();
	sha256_add(hash, data, n);
	sha256_finish(hash, ret_digest);
}
