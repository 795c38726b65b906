/* SPDX-License-Identifier: Apache-2.0 */
#include "http/health.h"

#include <stdlib.h>
#include <string.h>

static const size_t max_why = 1024;

struct health {
	struct http_server *server;
	struct metrics *metrics;
	bool (*ready)(void *context, struct buf *why);
	void *context;
};

void health_answer_metrics(
	struct metrics *metrics, const struct http_request *request, struct http_response *response)
{
	bool openmetrics = strstr(request->accept, "application/openmetrics-text") != NULL;
	response->content_type =
		openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			    : "text/plain; version=0.0.4; charset=utf-8";
	metrics_render(metrics, openmetrics, &response->body);
}

void health_answer_live(struct http_response *response)
{
	buf_append_text(&response->body, "alive\n");
}

void health_answer_ready(bool ready, const char *why, struct http_response *response)
{
	response->status = ready ? 200 : 503;
	buf_printf(&response->body, "%s\n", ready ? "ready" : why);
}

static void answer_metrics(
	void *context, const struct http_request *request, struct http_response *response)
{
	struct health *health = context;
	health_answer_metrics(health->metrics, request, response);
}

static void answer_live(
	void *context, const struct http_request *request, struct http_response *response)
{
	(void)context;
	(void)request;
	health_answer_live(response);
}

static void answer_ready(
	void *context, const struct http_request *request, struct http_response *response)
{
	struct health *health = context;
	(void)request;
	struct buf why;
	buf_init(&why, max_why);
	bool ready = !health->ready || health->ready(health->context, &why);
	health_answer_ready(ready, buf_text(&why), response);
	buf_release(&why);
}

static const struct http_route routes[] = {
	{"/metrics", answer_metrics},
	{"/livez", answer_live},
	{"/readyz", answer_ready},
};

bool health_open(const struct health_options *options, struct health **ret_health, struct err *err)
{
	if (!options->listen || !options->listen[0]) {
		*ret_health = NULL;
		return true;
	}
	struct health *health = calloc(1, sizeof(*health));
	if (!health)
		BUG("out of memory");
	health->metrics = options->metrics;
	health->ready = options->ready;
	health->context = options->context;
	if (!http_server_open(options->listen, routes, sizeof(routes) / sizeof(routes[0]), health,
		    &health->server, err)) {
		free(health);
		return false;
	}
	*ret_health = health;
	return true;
}

unsigned health_port(const struct health *health)
{
	return http_server_port(health->server);
}

void health_close(struct health *health)
{
	if (!health)
		return;
	http_server_close(health->server);
	free(health);
}
