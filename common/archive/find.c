/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/manifest.h"

bool manifest_find(struct archive *archive, const char *dataset, const char *sha256,
	int64_t file_id, struct manifest *manifest, bool *ret_found, struct err *err)
{
	int64_t last = -1;
	if (!manifest_last_repeat(archive, dataset, sha256, &last, err))
		return false;
	for (int64_t repeat = last; repeat >= 0; repeat--) {
		bool found = false;
		if (!manifest_load(archive, dataset, sha256, repeat, manifest, &found, err))
			return false;
		if (found && manifest->file_id == file_id) {
			*ret_found = true;
			return true;
		}
	}
	*ret_found = false;
	return true;
}
