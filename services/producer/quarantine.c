/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/sha256.h"

/* "/data/inbox/" -> "/data/quarantine" */
static bool name_folder(const char *inbox, char ret_folder[PATH_MAX])
{
	size_t n = strlen(inbox);
	while (n > 1 && inbox[n - 1] == '/')
		n--;
	while (n > 0 && inbox[n - 1] != '/')
		n--;
	int length = snprintf(ret_folder, PATH_MAX, "%.*squarantine", (int)n, inbox);
	return length > 0 && length < PATH_MAX;
}

static bool folder_beside(const char *inbox, char ret_folder[PATH_MAX], struct err *err)
{
	if (!name_folder(inbox, ret_folder))
		return err_fail(err, ERR_FATAL, "path too long: %s", inbox);
	return file_make_folder(ret_folder, err);
}

static bool move_to(
	const char *folder, const struct claim *claim, int64_t file_id, char ret_path[PATH_MAX])
{
	const char *name = file_name(claim->path);
	int n = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);
	if (n < 0 || n >= PATH_MAX)
		return false;
	if (claim_move(claim->path, ret_path))
		return true;
	n = snprintf(ret_path, PATH_MAX, "%s/%s.%" PRId64, folder, name, file_id);
	if (errno != EEXIST || n < 0 || n >= PATH_MAX)
		return false;
	/* The same content refused again replaces itself. */
	return rename(claim->path, ret_path) == 0;
}

bool quarantine_move(const char *inbox, const struct claim *claim, int64_t file_id,
	const char *reason, bool *ret_moved, struct err *err)
{
	char folder[PATH_MAX];
	char path[PATH_MAX];
	char reason_path[PATH_MAX];
	if (!folder_beside(inbox, folder, err))
		return false;
	if (!claim_is_at(claim, claim->path)) {
		*ret_moved = false;
		return true;
	}
	if (!move_to(folder, claim, file_id, path))
		return err_fail_errno(err, ERR_FATAL, "moving %s to %s", claim->path, folder);
	if (!claim_is_at(claim, path)) {
		/* A newer file took the name in that moment. */
		*ret_moved = false;
		return claim_move(path, claim->path) ||
		       err_fail_errno(err, ERR_FATAL, "moving %s back to the inbox", path);
	}
	*ret_moved = true;
	int n = snprintf(reason_path, sizeof(reason_path), "%s.reason.txt", path);
	if (n < 0 || (size_t)n >= sizeof(reason_path))
		return true;
	struct buf text;
	buf_init(&text, 1 << 16);
	buf_printf(&text,
		"%s\n\nThe archive keeps this content as file %" PRId64
		". When the configuration or the schema was at fault, mend it and run\n"
		"  penstock replay\n",
		reason, file_id);
	bool ok = file_replace(reason_path, text.data, text.len, err);
	buf_release(&text);
	return ok;
}

/* ---- and back ---- */

static bool hash_of(int fd, char ret_sha256[SHA256_HEX])
{
	unsigned char block[65536];
	unsigned char digest[SHA256_SIZE];
	struct sha256 *hash = sha256_new();
	ssize_t n;
	while ((n = read(fd, block, sizeof(block))) > 0)
		sha256_add(hash, block, (size_t)n);
	sha256_finish(hash, digest);
	sha256_hex(digest, ret_sha256);
	return n == 0;
}

static bool has_content(const char *path, const char *sha256, int64_t size)
{
	struct stat st;
	char found[SHA256_HEX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool same = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == size &&
		    hash_of(fd, found) && strcmp(found, sha256) == 0;
	if (fd >= 0)
		close(fd);
	return same;
}

void quarantine_forget(
	const char *inbox, const char *name, int64_t file_id, const char *sha256, int64_t size)
{
	char folder[PATH_MAX];
	char path[PATH_MAX];
	if (!name_folder(inbox, folder))
		return;
	for (int numbered = 0; numbered < 2; numbered++) {
		char suffix[32] = "";
		if (numbered)
			snprintf(suffix, sizeof(suffix), ".%" PRId64, file_id);
		int n = snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
		if (n < 0 || (size_t)n >= sizeof(path) || !has_content(path, sha256, size))
			continue;
		unlink(path);
		n = snprintf(path, sizeof(path), "%s/%s%s.reason.txt", folder, name, suffix);
		if (n > 0 && (size_t)n < sizeof(path))
			unlink(path);
	}
}
