/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every service shows with --listen: /metrics from its registry, /livez (the process answers)
 * and /readyz. In a service:
 *
 *	struct health *health = NULL;
 *	if (!health_open(&(struct health_options){.listen = listen, .metrics = metrics,
 *		    .ready = is_ready, .context = worker}, &health, err))
 *		return false;
 *	...
 *	health_close(health);
 */
#ifndef PENSTOCK_HTTP_HEALTH_H
#define PENSTOCK_HTTP_HEALTH_H

#include "base/metric.h"
#include "http/server.h"

struct health;

struct health_options {
	const char *listen; /* NULL or "": nothing is served and *ret_health is NULL */
	struct metrics *metrics;
	/* On the server's thread, beside the service's own: whether its servers are reachable; if
	 * not, says in `why` what is missing. NULL: always. */
	bool (*ready)(void *context, struct buf *why);
	void *context;
};

MUST_CHECK bool health_open(
	const struct health_options *options, struct health **ret_health, struct err *err);
/* NULL is fine. */
void health_close(struct health *health);
/* The port it listens on. */
unsigned health_port(const struct health *health);

/* The pieces, for a service with pages of its own. */
void health_answer_metrics(struct metrics *metrics, const struct http_request *request,
	struct http_response *response);
void health_answer_live(struct http_response *response);
/* 200 "ready", or 503 with `why`. */
void health_answer_ready(bool ready, const char *why, struct http_response *response);

#endif
