/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/roles.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "s3/lender.h"
#include "s3/sign.h"

static const size_t max_header = 64 * 1024;

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value ? value : "";
}

/* ---- a container ---- */

/* Over plain http a token goes to this machine and to the addresses of its container service only.
 */
static bool is_safe(const char *url)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]", "169.254.170.2",
		"169.254.170.23", "[fd00:ec2::23]"};
	if (strncasecmp(url, "https://", 8) == 0)
		return true;
	if (strncasecmp(url, "http://", 7) != 0)
		return false;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t n = strlen(hosts[i]);
		if (strncasecmp(url + 7, hosts[i], n) == 0 && strchr(":/?", url[7 + n]) &&
			!strchr(url, '@'))
			return true;
	}
	return false;
}

/* "Authorization: ..." as the environment says it, or nothing. */
static bool add_authorization(struct buf *header, struct err *err)
{
	const char *path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	if (!*path && !*token)
		return true;
	buf_append_text(header, "Authorization: ");
	if (*path)
		return lender_read_token(path, header, err);
	buf_append_text(header, token);
	return true;
}

static bool ask_container(const char *url, struct arena *arena,
	struct s3_credentials *ret_credentials, struct err *err)
{
	struct buf header;
	struct buf answer;
	bool found = false;
	buf_init(&header, max_header);
	buf_init(&answer, LENDER_MAX_ANSWER);
	bool ok = add_authorization(&header, err);
	const struct lender_question question = {
		.method = "GET", .url = url, .header = buf_text(&header)};
	ok = ok && lender_ask(&question, &answer, &found, err) &&
	     lender_take_json(&answer, arena, ret_credentials, err);
	lender_wipe(&answer);
	lender_wipe(&header);
	return ok;
}

static bool lend_to_container(const char *region, struct arena *arena,
	struct s3_credentials *ret_credentials, bool *ret_found, struct err *err)
{
	const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *url = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	(void)region;
	if (*relative)
		url = arena_printf(arena, "http://169.254.170.2%s", relative);
	*ret_found = *url;
	if (*url && !is_safe(url))
		return err_config(err, "AWS_CONTAINER_CREDENTIALS_FULL_URI: expected https://, or "
				       "http:// and an address of this machine or its container "
				       "service");
	return !*url || ask_container(url, arena, ret_credentials, err);
}

/* ---- a virtual machine ---- */

/* A token for some hours, without which nothing is told; *ret_found false: there is no service. */
static bool ask_token(const char *base, struct buf *header, bool *ret_found, struct err *err)
{
	struct buf url;
	struct buf token;
	struct err why;
	bool named = *variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	buf_init(&url, max_header);
	buf_init(&token, LENDER_MAX_ANSWER);
	buf_printf(&url, "%s/latest/api/token", base);
	const struct lender_question question = {.method = "PUT",
		.url = buf_text(&url),
		.header = "X-aws-ec2-metadata-token-ttl-seconds: 21600",
		.text = "",
		.once = !named};
	bool ok = lender_ask(&question, &token, ret_found, &why);
	buf_printf(header, "X-aws-ec2-metadata-token: %s", buf_text(&token));
	lender_wipe(&token);
	buf_release(&url);
	if (!ok)
		*ret_found = false;
	/* Most machines are none of Amazon's: only where it is named must it answer. */
	if (!ok && named && err)
		*err = why;
	return ok || !named;
}

/* A role's credentials; "": the role's name. */
static bool ask_service(const char *base, const char *role, const char *header, struct buf *answer,
	bool *ret_found, struct err *err)
{
	struct buf url;
	buf_init(&url, max_header);
	buf_printf(&url, "%s/latest/meta-data/iam/security-credentials/", base);
	sign_escape(&url, role, false);
	const struct lender_question question = {
		.method = "GET", .url = buf_text(&url), .header = header};
	bool ok = lender_ask(&question, answer, ret_found, err);
	buf_release(&url);
	return ok;
}

static bool lend_to_machine(const char *region, struct arena *arena,
	struct s3_credentials *ret_credentials, bool *ret_found, struct err *err)
{
	const char *base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	struct buf header;
	struct buf answer;
	(void)region;
	*ret_found = false;
	if (strcasecmp(variable("AWS_EC2_METADATA_DISABLED"), "true") == 0)
		return true;
	if (!*base)
		base = "http://169.254.169.254";
	buf_init(&header, max_header);
	buf_init(&answer, LENDER_MAX_ANSWER);
	bool ok = ask_token(base, &header, ret_found, err);
	if (ok && *ret_found)
		ok = ask_service(base, "", buf_text(&header), &answer, ret_found, err);
	if (ok && *ret_found) {
		const char *all = buf_text(&answer);
		const char *role = arena_strndup(arena, all, strcspn(all, "\r\n"));
		ok = ask_service(base, role, buf_text(&header), &answer, ret_found, err) &&
		     (!*ret_found || lender_take_json(&answer, arena, ret_credentials, err));
	}
	lender_wipe(&answer);
	lender_wipe(&header);
	return ok;
}

/* ---- all of them ---- */

bool s3_role_find(const char *region, struct arena *arena, struct s3_credentials *ret_credentials,
	bool *ret_found, struct err *err)
{
	static bool (*const lenders[])(const char *region, struct arena *arena,
		struct s3_credentials *ret_credentials, bool *ret_found,
		struct err *err) = {lend_to_pod, lend_to_container, lend_to_machine};
	bool found = false;
	for (size_t i = 0; i < sizeof(lenders) / sizeof(lenders[0]) && !found; i++)
		if (!lenders[i](region, arena, ret_credentials, &found, err))
			return false;
	*ret_found = found;
	return true;
}
