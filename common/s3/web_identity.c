/* SPDX-License-Identifier: Apache-2.0 */
/* A pod's role: the token of its service account is given to the security token service
 * (AssumeRoleWithWebIdentity of 2011-06-15), which needs no signature for that. */
#include <stdlib.h>
#include <string.h>

#include "s3/headers.h"
#include "s3/lender.h"
#include "s3/sign.h"
#include "s3/xml.h"

static const size_t max_text = 64 * 1024;

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value && *value ? value : otherwise;
}

struct taking {
	struct arena *arena;
	struct s3_credentials found;
};

static bool take(void *context, const char *path, const char *text, struct err *err)
{
	static const char root[] = "AssumeRoleWithWebIdentityResponse/"
				   "AssumeRoleWithWebIdentityResult/Credentials/";
	struct taking *taking = context;
	(void)err;
	if (strncmp(path, root, sizeof(root) - 1) != 0)
		return true;
	const char *name = path + sizeof(root) - 1;
	const char *copy = arena_strdup(taking->arena, text);
	if (strcmp(name, "AccessKeyId") == 0)
		taking->found.access_key = copy;
	else if (strcmp(name, "SecretAccessKey") == 0)
		taking->found.secret_key = copy;
	else if (strcmp(name, "SessionToken") == 0)
		taking->found.session_token = copy;
	else if (strcmp(name, "Expiration") == 0)
		taking->found.expires_s = s3_time(text);
	return true;
}

static bool take_answer(const struct buf *answer, struct arena *arena,
	struct s3_credentials *ret_credentials, struct err *err)
{
	struct taking taking = {arena, {"", "", "", 0}};
	if (!xml_parse(answer->data, answer->len, take, &taking, err))
		return err_prefix(err, "asking for credentials");
	if (!*taking.found.access_key || !*taking.found.secret_key)
		return err_fail(err, ERR_FATAL,
			"asking for credentials: the security token service gave none");
	*ret_credentials = taking.found;
	return true;
}

static void add_parameter(struct buf *text, const char *name, const char *value)
{
	buf_printf(text, "%s%s=", text->len ? "&" : "", name);
	sign_escape(text, value, false);
}

static bool write_question(const char *token_path, struct buf *text, struct err *err)
{
	struct buf token;
	buf_init(&token, max_text);
	bool ok = lender_read_token(token_path, &token, err);
	add_parameter(text, "Action", "AssumeRoleWithWebIdentity");
	add_parameter(text, "Version", "2011-06-15");
	add_parameter(text, "RoleArn", variable("AWS_ROLE_ARN", ""));
	add_parameter(text, "RoleSessionName", variable("AWS_ROLE_SESSION_NAME", "penstock"));
	add_parameter(text, "WebIdentityToken", buf_text(&token));
	lender_wipe(&token);
	return ok;
}

bool lend_to_pod(const char *region, struct arena *arena, struct s3_credentials *ret_credentials,
	bool *ret_found, struct err *err)
{
	const char *path = variable("AWS_WEB_IDENTITY_TOKEN_FILE", "");
	const char *url = variable("AWS_ENDPOINT_URL_STS",
		arena_printf(arena, "https://sts.%s.amazonaws.com%s/", region,
			strncmp(region, "cn-", 3) == 0 ? ".cn" : ""));
	struct buf text;
	struct buf answer;
	*ret_found = *path && *variable("AWS_ROLE_ARN", "");
	if (!*ret_found)
		return true;
	buf_init(&text, 4 * max_text);
	buf_init(&answer, LENDER_MAX_ANSWER);
	bool ok = write_question(path, &text, err);
	const struct lender_question question = {.method = "POST",
		.url = url,
		.header = "Content-Type: application/x-www-form-urlencoded",
		.text = buf_text(&text),
		.far = true};
	bool found = false;
	ok = ok && lender_ask(&question, &answer, &found, err) &&
	     take_answer(&answer, arena, ret_credentials, err);
	lender_wipe(&answer);
	lender_wipe(&text);
	return ok;
}
