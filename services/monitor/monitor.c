/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service: its own thread asks Kafka and the ledger every few seconds and keeps the answers;
 * the server's thread only hands them out. No request makes a question, so nobody who asks often
 * loads the cluster, and a server that is away delays no page.
 */
#include "monitor/monitor.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/stop.h"
#include "cron/cron.h"
#include "http/health.h"
#include "monitor/alerts.h"
#include "monitor/metrics.h"
#include "monitor/watch.h"
#include "penstock_monitor_pages.h"

static const int64_t refresh_ms = 3000;
static const size_t max_page = 4 * 1024 * 1024;
static const size_t max_answers = 64 * 1024 * 1024;

/* One server's newest answer. */
struct answer {
	const char *what;
	bool good;
	bool known; /* false before the first question was answered */
	struct buf json;
	char why[1600]; /* when not good */
};

struct monitor {
	struct watch watch;
	struct arena arena;
	pthread_mutex_t lock; /* of all below */
	struct metrics *metrics;
	struct answer lag;
	struct answer status;
	bool alerts_told; /* that they cannot be noted */
};

/* Notes the outcome; logs when it changed. */
static void settle(struct answer *answer, bool good, const struct err *err)
{
	if (good && answer->known && !answer->good)
		log_info("answers again", log_str("server", answer->what));
	if (!good && (answer->good || !answer->known))
		log_err(LOG_WARN, answer->what, err);
	if (!good)
		snprintf(answer->why, sizeof(answer->why), "%s: %s", answer->what, err->message);
	answer->good = good;
	answer->known = true;
}

/* Without a ledger there is nothing to note; that it is away was said already. */
static void note_alerts(struct monitor *monitor, const struct lag *lag)
{
	struct err err;
	bool noted = alerts_note(&monitor->watch, lag, &monitor->arena, &err);
	if (!noted && !monitor->alerts_told)
		log_err(LOG_WARN, "alerts", &err);
	monitor->alerts_told = !noted;
}

static void refresh(struct monitor *monitor)
{
	struct lag lag = {0};
	struct status status = {0};
	struct listing rows = {0};
	struct err lag_err = {0};
	struct err status_err = {0};
	arena_clear(&monitor->arena);
	bool lag_good = watch_lag(&monitor->watch, &monitor->arena, &lag, &lag_err);
	bool status_good = watch_status(&monitor->watch, &monitor->arena, &status, &status_err);
	if (status_good)
		note_alerts(monitor, lag_good ? &lag : NULL);
	pthread_mutex_lock(&monitor->lock);
	buf_clear(&monitor->lag.json);
	buf_clear(&monitor->status.json);
	if (lag_good) {
		lag_listing(&lag, &monitor->arena, &rows);
		listing_json(&rows, &monitor->lag.json);
	}
	if (status_good)
		status_json(&status, &monitor->status.json);
	monitor_metrics_lag(monitor->metrics, lag_good ? &lag : NULL);
	monitor_metrics_status(monitor->metrics, status_good ? &status : NULL);
	settle(&monitor->lag, lag_good, &lag_err);
	settle(&monitor->status, status_good, &status_err);
	pthread_mutex_unlock(&monitor->lock);
}

static void put_answer(
	struct monitor *monitor, const struct answer *answer, struct http_response *response)
{
	pthread_mutex_lock(&monitor->lock);
	if (answer->good) {
		response->content_type = "application/json";
		buf_append(&response->body, answer->json.data, answer->json.len);
	} else {
		health_answer_ready(false, answer->why, response);
	}
	pthread_mutex_unlock(&monitor->lock);
}

static void page_lag(
	void *context, const struct http_request *request, struct http_response *response)
{
	struct monitor *monitor = context;
	(void)request;
	put_answer(monitor, &monitor->lag, response);
}

static void page_status(
	void *context, const struct http_request *request, struct http_response *response)
{
	struct monitor *monitor = context;
	(void)request;
	put_answer(monitor, &monitor->status, response);
}

static void page_ready(
	void *context, const struct http_request *request, struct http_response *response)
{
	struct monitor *monitor = context;
	(void)request;
	pthread_mutex_lock(&monitor->lock);
	const struct answer *bad = !monitor->lag.good ? &monitor->lag : &monitor->status;
	health_answer_ready(monitor->lag.good && monitor->status.good, bad->why, response);
	pthread_mutex_unlock(&monitor->lock);
}

static void page_metrics(
	void *context, const struct http_request *request, struct http_response *response)
{
	struct monitor *monitor = context;
	pthread_mutex_lock(&monitor->lock);
	health_answer_metrics(monitor->metrics, request, response);
	pthread_mutex_unlock(&monitor->lock);
}

static void page_live(
	void *context, const struct http_request *request, struct http_response *response)
{
	(void)context;
	(void)request;
	health_answer_live(response);
}

static void page_dashboard(
	void *context, const struct http_request *request, struct http_response *response)
{
	(void)context;
	(void)request;
	response->content_type = "text/html; charset=utf-8";
	buf_append_text(&response->body, services_monitor_dashboard_html);
}

static const struct http_route routes[] = {
	{"/", page_dashboard},
	{"/api/lag", page_lag},
	{"/api/status", page_status},
	{"/livez", page_live},
	{"/metrics", page_metrics},
	{"/readyz", page_ready},
};

static void monitor_init(struct monitor *monitor, const struct monitor_options *options)
{
	*monitor = (struct monitor){
		.lag = {.what = "Kafka", .why = "Kafka was not asked yet"},
		.status = {.what = "the ledger", .why = "the ledger was not asked yet"},
		.metrics = metrics_new(),
	};
	watch_init(&monitor->watch, options);
	arena_init(&monitor->arena, max_answers);
	pthread_mutex_init(&monitor->lock, NULL);
	buf_init(&monitor->lag.json, max_page);
	buf_init(&monitor->status.json, max_page);
}

static void monitor_release(struct monitor *monitor)
{
	buf_release(&monitor->lag.json);
	buf_release(&monitor->status.json);
	pthread_mutex_destroy(&monitor->lock);
	arena_release(&monitor->arena);
	watch_release(&monitor->watch);
	metrics_free(monitor->metrics);
}

bool monitor_run(const struct monitor_options *options, struct err *err)
{
	struct monitor monitor;
	struct http_server *server = NULL;
	const char *listen = options->listen ? options->listen : options->config->monitor.listen;
	if (!cron_use_zone(options->config->recalculate.time_zone, err))
		return false;
	monitor_init(&monitor, options);
	bool ok = http_server_open(
		listen, routes, sizeof(routes) / sizeof(routes[0]), &monitor, &server, err);
	if (ok) {
		log_info("monitor is listening", log_str("listen", listen),
			log_int("port", http_server_port(server)));
		struct teller *teller = teller_start(options);
		do {
			refresh(&monitor);
		} while (!stop_wait_ms(refresh_ms));
		teller_stop(teller);
		http_server_close(server);
	}
	monitor_release(&monitor);
	return ok;
}
