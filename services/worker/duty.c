/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/duty.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "postgres/quote.h"

static const int64_t first_wait_ms = 1000;
static const int64_t longest_wait_ms = 30000;
static const int64_t unheard_us = 60 * INT64_C(1000000);
static const size_t max_told = 100;
static const size_t max_told_bytes = 640;

void duties_init(struct duties *duties, const struct datasets *datasets)
{
	duties->count = datasets->count;
	duties->items = calloc(datasets->count ? datasets->count : 1, sizeof(*duties->items));
	if (!duties->items)
		BUG("out of memory");
	for (size_t i = 0; i < datasets->count; i++)
		duties->items[i].dataset = &datasets->items[i];
}

void duties_release(struct duties *duties)
{
	free(duties->items);
	*duties = (struct duties){0};
}

struct duty *duties_of_topic(const struct duties *duties, const char *topic)
{
	for (size_t i = 0; i < duties->count; i++)
		if (strcmp(duties->items[i].dataset->topic, topic) == 0)
			return &duties->items[i];
	return NULL;
}

void duty_fail(struct duty *duty, const struct err *err)
{
	char reason[sizeof(duty->reason)];
	text_copy(reason, sizeof(reason), err->message);
	bool news = strcmp(duty->reason, reason) != 0;
	memcpy(duty->reason, reason, sizeof(reason));
	duty->state = err->class == ERR_PAUSE ? DUTY_WAITING : DUTY_STOPPED;
	int64_t wait_ms = clock_backoff_ms(duty->attempt++, first_wait_ms, longest_wait_ms);
	duty->retry_us = clock_monotonic_us() + wait_ms * 1000;
	const char *what = duty->state == DUTY_WAITING
				   ? "a dataset pauses; the others go on; it is tried again"
				   : "a dataset is stopped; the others go on; mend the cause, then "
				     "restart the worker";
	log_event(news ? LOG_ERROR : LOG_DEBUG, what,
		log_str("dataset", duty->dataset->config->name), log_str("error", err->message),
		log_str("class", err_class_name(err->class)),
		log_str(err->native[0] ? "code" : NULL, err->native));
}

static void forget_reason(struct duty *duty)
{
	duty->attempt = 0;
	duty->reason[0] = '\0';
}

bool duty_succeed(struct duty *duty)
{
	if (!duty->attempt)
		return false;
	log_info("a paused dataset loads again", log_str("dataset", duty->dataset->config->name));
	forget_reason(duty);
	return true;
}

static bool is_assigned(
	const struct duty *duty, const struct kafka_partition *assigned, size_t assigned_count)
{
	for (size_t i = 0; i < assigned_count; i++)
		if (strcmp(assigned[i].topic, duty->dataset->topic) == 0)
			return true;
	return false;
}

void duties_judge(
	struct duties *duties, const struct kafka_partition *assigned, size_t assigned_count)
{
	for (size_t i = 0; i < duties->count; i++) {
		struct duty *duty = &duties->items[i];
		duty->halted = duty->reason[0] && is_assigned(duty, assigned, assigned_count);
	}
}

static void add_reason(struct buf *out, const struct duty *duty)
{
	struct buf text;
	buf_init(&text, max_told_bytes);
	buf_printf(&text, "%s: ", duty->dataset->config->name);
	text_clean(&text, duty->reason, strlen(duty->reason), sizeof(duty->reason));
	array_add(out, buf_text(&text));
	buf_release(&text);
}

bool duties_describe(const struct duties *duties, bool stopped, struct buf *out)
{
	size_t told = 0;
	array_begin(out);
	for (size_t i = 0; i < duties->count && told < max_told; i++) {
		const struct duty *duty = &duties->items[i];
		if (!duty->halted || (duty->state == DUTY_STOPPED) != stopped)
			continue;
		add_reason(out, duty);
		told++;
	}
	array_end(out);
	return told > 0;
}

bool duties_apply(const struct duties *duties, struct kafka_consumer *consumer, struct err *err)
{
	const struct kafka_partition *assigned = NULL;
	size_t n = kafka_consumer_assignment(consumer, &assigned);
	struct kafka_partition *waiting = calloc(n * 2 + 1, sizeof(*waiting));
	if (!waiting)
		BUG("out of memory");
	struct kafka_partition *working = waiting + n;
	size_t waiting_count = 0;
	size_t working_count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct duty *duty = duties_of_topic(duties, assigned[i].topic);
		if (!duty)
			continue;
		/* The assignment's own strings may not outlive the first call below. */
		struct kafka_partition partition = {
			duty->dataset->topic, assigned[i].partition, KAFKA_NO_OFFSET};
		if (duty->state == DUTY_WORKING)
			working[working_count++] = partition;
		else
			waiting[waiting_count++] = partition;
	}
	bool ok = kafka_consumer_pause(consumer, waiting, waiting_count, err) &&
		  kafka_consumer_resume(consumer, working, working_count, err);
	free(waiting);
	return ok;
}

void duties_wake(struct duties *duties, bool *ret_changed)
{
	bool changed = false;
	int64_t now = clock_monotonic_us();
	for (size_t i = 0; i < duties->count; i++) {
		struct duty *duty = &duties->items[i];
		if (duty->state == DUTY_WAITING && now >= duty->retry_us) {
			duty->state = DUTY_WORKING;
			changed = true;
		} else if (duty->state == DUTY_WORKING && now >= duty->retry_us + unheard_us) {
			forget_reason(duty);
		}
	}
	*ret_changed = changed;
}
