/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per partition a short run of marks: "up to this offset, so many bytes". The group's committed
 * offset takes marks away. Messages of earlier processes are counted as large ones.
 */
#include "producer/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/stop.h"

static const int64_t max_bytes = 3 << 20;
static const int64_t max_messages = 50000;
static const int64_t unknown_bytes = 512 << 10;
static const int64_t mark_bytes = 64 << 10;
static const int64_t kafka_ms = 10000;
static const int64_t poll_ms = 50;

#define MARKS 64

struct mark {
	int64_t end; /* offset behind the last message it counts */
	int64_t bytes;
};

struct lane {
	char topic[256];
	int32_t partition;
	int64_t committed; /* next offset the group will read */
	int64_t end;	   /* next offset to be written, as far as known */
	struct mark marks[MARKS];
	size_t count;
};

struct window {
	struct lane *lanes;
	size_t count;
};

struct window *window_new(void)
{
	struct window *window = calloc(1, sizeof(*window));
	if (!window)
		abort();
	return window;
}

void window_free(struct window *window)
{
	if (!window)
		return;
	free(window->lanes);
	free(window);
}

static struct lane *find(const struct window *window, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < window->count; i++)
		if (window->lanes[i].partition == partition &&
			strcmp(window->lanes[i].topic, topic) == 0)
			return &window->lanes[i];
	return NULL;
}

static void add(struct lane *lane, int64_t end, int64_t bytes)
{
	struct mark *last = lane->count ? &lane->marks[lane->count - 1] : NULL;
	if (last && (lane->count == MARKS || last->bytes + bytes <= mark_bytes)) {
		last->end = end;
		last->bytes += bytes;
	} else {
		lane->marks[lane->count++] = (struct mark){end, bytes};
	}
	if (end > lane->end)
		lane->end = end;
}

static void forget_consumed(struct lane *lane)
{
	size_t gone = 0;
	while (gone < lane->count && lane->marks[gone].end <= lane->committed)
		gone++;
	lane->count -= gone;
	memmove(lane->marks, lane->marks + gone, lane->count * sizeof(lane->marks[0]));
}

void window_sent(struct window *window, const char *topic, int32_t partition, int64_t offset,
	size_t payload_len)
{
	struct lane *lane = find(window, topic, partition);
	if (!lane)
		return;
	if (offset < lane->end) { /* the broker started anew and forgot everything */
		lane->count = 0;
		lane->committed = 0;
		lane->end = offset;
	}
	add(lane, offset + 1, (int64_t)payload_len);
}

static bool full(const struct lane *lane, int64_t len)
{
	int64_t bytes = len;
	for (size_t i = 0; i < lane->count; i++)
		bytes += lane->marks[i].bytes;
	return lane->count && (bytes > max_bytes || lane->end - lane->committed >= max_messages);
}

static bool refresh(struct lane *lane, struct kafka_admin *admin, struct err *err)
{
	struct kafka_partition at = {lane->topic, lane->partition, KAFKA_NO_OFFSET};
	if (!kafka_admin_committed(admin, &at, 1, kafka_ms, err))
		return false;
	if (at.offset != KAFKA_NO_OFFSET)
		lane->committed = at.offset;
	forget_consumed(lane);
	return true;
}

/* A partition met for the first time: what is in it already waits too. */
static bool meet(struct window *window, struct kafka_admin *admin, const char *topic,
	int32_t partition, struct lane **ret_lane, struct err *err)
{
	int64_t low = 0;
	int64_t end = 0;
	if (!kafka_admin_watermarks(admin, topic, partition, kafka_ms, &low, &end, err))
		return false;
	struct lane *lanes = realloc(window->lanes, (window->count + 1) * sizeof(*lanes));
	if (!lanes)
		abort();
	window->lanes = lanes;
	struct lane *lane = &lanes[window->count];
	*lane = (struct lane){.partition = partition, .committed = low, .end = end};
	size_t length = strnlen(topic, sizeof(lane->topic) - 1);
	memcpy(lane->topic, topic, length);
	if (!refresh(lane, admin, err))
		return false;
	for (int64_t offset = lane->committed; offset < end && lane->count < MARKS; offset++)
		add(lane, offset + 1, unknown_bytes);
	if (lane->count)
		lane->marks[lane->count - 1].end = end;
	window->count++;
	*ret_lane = lane;
	return true;
}

bool window_wait(struct window *window, struct kafka_admin *admin, struct kafka_producer *producer,
	const char *topic, int32_t partition, size_t len, struct err *err)
{
	struct lane *lane = find(window, topic, partition);
	if (!lane && !meet(window, admin, topic, partition, &lane, err))
		return false;
	while (full(lane, (int64_t)len)) {
		if (!refresh(lane, admin, err))
			return false;
		if (!full(lane, (int64_t)len))
			break;
		if (!kafka_producer_poll(producer, 0, err))
			return false;
		if (stop_wait_ms(poll_ms))
			return err_fail(err, ERR_RETRY, "stopped while waiting for the workers");
	}
	return true;
}
