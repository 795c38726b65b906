/* SPDX-License-Identifier: Apache-2.0 */
/* What servers answer: the first byte chooses header lines, a URL to follow or S3's XML. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/url.h"
#include "s3/errors.h"
#include "s3/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool count_element(void *context, const char *path, const char *text, struct err *err)
{
	(void)err;
	*(size_t *)context += strlen(path) + strlen(text);
	return true;
}

/* Where a link leads to stays within the limits, and what was resolved needs no more of it. */
static void follow(const char *text)
{
	static const char base[] = "https://example.org/a/b?c=d";
	struct buf link;
	struct buf url;
	struct buf again;
	buf_init(&link, HTTP_URL_MAX);
	buf_init(&url, HTTP_URL_MAX);
	buf_init(&again, (size_t)8 * HTTP_URL_MAX);
	http_link_next(text, &link);
	http_retry_after(text, 1700000000);
	if (http_url_resolve(base, text, &url)) {
		if (!http_url_resolve(base, buf_text(&url), &again) ||
			strcmp(buf_text(&again), buf_text(&url)) != 0)
			abort();
		buf_clear(&again);
		http_url_same_origin(base, buf_text(&url));
		http_url_set_parameter(buf_text(&url), "page", text, &again);
	}
	buf_release(&link);
	buf_release(&url);
	buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct s3_refusal refusal;
	size_t count = 0;
	if (size == 0)
		return 0;
	if (data[0] & 1) {
		char *text = strndup((const char *)data + 1, size - 1);
		follow(text);
		free(text);
		return 0;
	}
	if (!xml_parse(data + 1, size - 1, count_element, &count, &err) && !*err.message)
		abort();
	s3_refusal_read(&refusal, 403, data + 1, size - 1);
	s3_refusal_fail(&err, &refusal, "a request");
	return 0;
}
