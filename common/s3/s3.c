/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: where the server is and who asks; and the names of places. */
#include "s3/s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "s3/profile.h"
#include "s3/request.h"

static const char scheme[] = "s3://";
static const size_t max_strings = 1 << 20;
static const size_t max_answer = 16 << 20;
/* Lent credentials are looked for again so long before they run out, and so often. */
static const int64_t early_s = 300;
static const int64_t look_again_us = 30000000;

/* ---- names ---- */

bool s3_is_url(const char *url)
{
	return strncmp(url, scheme, sizeof(scheme) - 1) == 0;
}

static bool is_bucket(const char *name, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	return n >= 3 && n < S3_BUCKET_SIZE && strspn(name, letters) >= n && name[0] != '.' &&
	       name[0] != '-' && name[n - 1] != '.' && name[n - 1] != '-';
}

bool s3_place_parse(const char *url, struct s3_place *ret_place, struct err *err)
{
	struct s3_place place = {0};
	if (!s3_is_url(url))
		return err_config(err, "expected s3://BUCKET/KEY, not '%s'", url);
	const char *bucket = url + sizeof(scheme) - 1;
	size_t n = strcspn(bucket, "/");
	if (!is_bucket(bucket, n))
		return err_config(
			err, "'%s': a bucket's name is 3 to 63 of a-z, 0-9, '.' and '-'", url);
	memcpy(place.bucket, bucket, n);
	const char *key = bucket + n + (bucket[n] == '/');
	if (strlen(key) >= sizeof(place.key) || *key == '/')
		return err_config(err,
			"'%s': a key has at most %d bytes and does not begin with '/'", url,
			S3_KEY_SIZE - 1);
	snprintf(place.key, sizeof(place.key), "%s", key);
	*ret_place = place;
	return true;
}

/* ---- sessions ---- */

/* The first that is not empty: what is configured, the variables, the last resort. */
static const char *first_of(struct arena *arena, const char *configured,
	const char *const variables[2], const char *last)
{
	if (*configured)
		return arena_strdup(arena, configured);
	for (size_t i = 0; i < 2; i++) {
		const char *value = getenv(variables[i]);
		if (value && *value)
			return arena_strdup(arena, value);
	}
	return last;
}

static void strip_port(char *host, const char *port)
{
	size_t n = strlen(host);
	size_t tail = strlen(port);
	if (n > tail && strcmp(host + n - tail, port) == 0)
		host[n - tail] = '\0';
}

static bool split_endpoint(struct s3 *s3, const char *endpoint, struct err *err)
{
	bool tls = strncmp(endpoint, "https://", 8) == 0;
	size_t skip = tls ? 8 : 7;
	if (!tls && strncmp(endpoint, "http://", 7) != 0)
		return err_config(
			err, "s3.endpoint: expected http:// or https://, not '%s'", endpoint);
	char *host = arena_strdup(&s3->arena, endpoint + skip);
	size_t n = strlen(host);
	if (n && host[n - 1] == '/')
		host[n - 1] = '\0';
	if (!*host || strpbrk(host, "/?#@ \t\r\n"))
		return err_config(err, "s3.endpoint: expected a scheme, a host and perhaps a "
				       "port, nothing else");
	s3->scheme = tls ? "https://" : "http://";
	/* libcurl, too, leaves these out of "Host". */
	strip_port(host, tls ? ":443" : ":80");
	s3->host = host;
	return true;
}

static bool find_server(struct s3 *s3, const struct s3_settings *settings, struct err *err)
{
	static const char *const regions[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
	static const char *const endpoints[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"};
	struct s3_profile profile;
	if (!s3_profile_read(&s3->arena, &profile, err))
		return false;
	s3->region = first_of(&s3->arena, settings->region, regions,
		*profile.region ? profile.region : "us-east-1");
	if (strspn(s3->region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(s3->region))
		return err_config(err, "s3.region: not a region's name: '%s'", s3->region);
	const char *endpoint = first_of(&s3->arena, settings->endpoint, endpoints, "");
	s3->path_style =
		settings->style == S3_STYLE_PATH || (settings->style == S3_STYLE_AUTO && *endpoint);
	if (!*endpoint)
		endpoint = arena_printf(&s3->arena, "https://s3.%s.amazonaws.com%s", s3->region,
			strncmp(s3->region, "cn-", 3) == 0 ? ".cn" : "");
	return split_endpoint(s3, endpoint, err);
}

bool s3_bucket_in_path(const struct s3 *s3, const char *bucket)
{
	return s3->path_style || (s3->settings.style == S3_STYLE_AUTO && strchr(bucket, '.'));
}

static struct s3 *new_session(const struct s3_settings *settings)
{
	struct s3 *s3 = calloc(1, sizeof(*s3));
	if (!s3)
		abort();
	arena_init(&s3->arena, max_strings);
	arena_init(&s3->secrets, max_strings);
	buf_init(&s3->body, max_answer);
	s3->settings = (struct s3_settings){
		.endpoint = arena_strdup(&s3->arena, settings->endpoint),
		.region = arena_strdup(&s3->arena, settings->region),
		.access_key = arena_strdup(&s3->arena, settings->access_key),
		.secret_key = arena_strdup(&s3->arena, settings->secret_key),
		.session_token = arena_strdup(&s3->arena, settings->session_token),
		.style = settings->style,
	};
	s3->client = http_client_new();
	return s3;
}

bool s3_open(const struct s3_settings *settings, struct s3 **ret_s3, struct err *err)
{
	struct s3 *s3 = new_session(settings);
	s3->looked_us = clock_monotonic_us();
	if (!find_server(s3, settings, err) || !s3_credentials_find(&s3->settings, s3->region,
						       &s3->secrets, &s3->credentials, err)) {
		s3_close(s3);
		return false;
	}
	*ret_s3 = s3;
	return true;
}

static void copy_credentials(struct s3 *s3, const struct s3_credentials *from)
{
	s3->credentials = (struct s3_credentials){
		.access_key = arena_strdup(&s3->secrets, from->access_key),
		.secret_key = arena_strdup(&s3->secrets, from->secret_key),
		.session_token = arena_strdup(&s3->secrets, from->session_token),
		.expires_s = from->expires_s,
	};
	s3->looked_us = clock_monotonic_us();
}

struct s3 *s3_open_another(const struct s3 *s3)
{
	struct s3 *another = new_session(&s3->settings);
	copy_credentials(another, &s3->credentials);
	another->region = arena_strdup(&another->arena, s3->region);
	another->scheme = s3->scheme;
	another->host = arena_strdup(&another->arena, s3->host);
	another->path_style = s3->path_style;
	return another;
}

bool s3_renew(struct s3 *s3)
{
	struct arena arena;
	struct s3_credentials found;
	struct err ignored;
	arena_init(&arena, max_strings);
	s3->looked_us = clock_monotonic_us();
	bool others = s3_credentials_find(&s3->settings, s3->region, &arena, &found, &ignored) &&
		      (strcmp(found.access_key, s3->credentials.access_key) != 0 ||
			      strcmp(found.secret_key, s3->credentials.secret_key) != 0 ||
			      strcmp(found.session_token, s3->credentials.session_token) != 0);
	if (others) {
		arena_clear(&s3->secrets);
		copy_credentials(s3, &found);
	}
	arena_release(&arena);
	return others;
}

void s3_keep_fresh(struct s3 *s3)
{
	int64_t left_s = s3->credentials.expires_s - clock_wall_us() / 1000000;
	bool just_looked = clock_monotonic_us() - s3->looked_us < look_again_us;
	if (s3->credentials.expires_s && left_s < early_s && (left_s <= 0 || !just_looked))
		(void)s3_renew(s3);
}

void s3_close(struct s3 *s3)
{
	if (!s3)
		return;
	http_client_free(s3->client);
	buf_release(&s3->body);
	arena_release(&s3->secrets);
	arena_release(&s3->arena);
	free(s3);
}
