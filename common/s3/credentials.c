/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/credentials.h"

#include <stdlib.h>

#include "s3/profile.h"
#include "s3/roles.h"

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static bool is_whole(const struct s3_credentials *credentials)
{
	return *credentials->access_key && *credentials->secret_key;
}

static bool from_environment(struct arena *arena, struct s3_credentials *ret_credentials)
{
	ret_credentials->access_key =
		arena_strdup(arena, text_or_empty(getenv("AWS_ACCESS_KEY_ID")));
	ret_credentials->secret_key =
		arena_strdup(arena, text_or_empty(getenv("AWS_SECRET_ACCESS_KEY")));
	ret_credentials->session_token =
		arena_strdup(arena, text_or_empty(getenv("AWS_SESSION_TOKEN")));
	return is_whole(ret_credentials);
}

bool s3_credentials_find(const struct s3_settings *settings, const char *region,
	struct arena *arena, struct s3_credentials *ret_credentials, struct err *err)
{
	struct s3_credentials found = {
		settings->access_key, settings->secret_key, settings->session_token, 0};
	struct s3_profile profile;
	bool lent = false;
	if (*found.access_key || *found.secret_key) {
		if (!is_whole(&found))
			return err_config(err, "s3: access_key and secret_key go together: one of "
					       "them is empty");
	} else if (!from_environment(arena, &found)) {
		if (!s3_profile_read(arena, &profile, err))
			return false;
		found = (struct s3_credentials){
			profile.access_key, profile.secret_key, profile.session_token, 0};
		if (!is_whole(&found) && !s3_role_find(region, arena, &found, &lent, err))
			return false;
		if (!is_whole(&found))
			return err_config(err,
				"no S3 credentials: set s3.access_key and s3.secret_key, or "
				"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or profile [%s] in "
				"%s; and no role of a container, pod or machine lends any",
				profile.name, profile.path);
	}
	*ret_credentials = found;
	return true;
}
