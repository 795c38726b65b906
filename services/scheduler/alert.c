/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/alert.h"

#include "base/buf.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "http/client.h"

#define TIMEOUT_MS 10000

void alert_send(const struct config *config, const char *text)
{
	struct err err;
	struct buf body;
	struct json_writer json;
	if (!*config->alerts.webhook)
		return;
	buf_init(&body, 64 * 1024);
	json_begin(&json, &body);
	json_object(&json);
	json_key(&json, "text");
	json_string(&json, text);
	json_object_end(&json);
	if (!http_post_json(config->alerts.webhook, body.data, body.len, TIMEOUT_MS, &err))
		log_err(LOG_WARN, "the alert was not delivered", &err);
	buf_release(&body);
}
