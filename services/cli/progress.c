/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

static const int64_t redraw_us = 100000;
#define BAR_WIDTH 24

void progress_begin(struct progress *progress, const char *label, int64_t total, bool bytes)
{
	*progress = (struct progress){
		.label = label,
		.total = total,
		.bytes = bytes,
		.shown = isatty(STDERR_FILENO) == 1,
		.started_us = clock_monotonic_us(),
	};
}

static void format_amount(char *ret_text, const struct progress *progress, int64_t amount)
{
	if (progress->bytes)
		text_format_size(ret_text, (double)amount);
	else
		text_format_counted(ret_text, amount, "chunk");
}

static void draw_bar(const struct progress *progress, int64_t done)
{
	if (progress->total <= 0)
		return;
	double share = (double)done / (double)progress->total;
	share = share > 1 ? 1 : share;
	char bar[BAR_WIDTH + 1];
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', (size_t)(share * BAR_WIDTH));
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, " [%s] %3d%%", bar, (int)(share * 100));
}

static void draw(const struct progress *progress, int64_t done, int64_t rows, bool last)
{
	char amount[64];
	char counted[64];
	double seconds = (double)(clock_monotonic_us() - progress->started_us) / 1e6;
	double speed = seconds > 0 ? (double)done / seconds : 0;
	format_amount(amount, progress, done);
	text_format_counted(counted, rows, progress->counted ? progress->counted : "row");
	fprintf(stderr, "\r%s", progress->label);
	draw_bar(progress, done);
	fprintf(stderr, " %s, %s", amount, counted);
	if (progress->bytes)
		fprintf(stderr, ", %.1f MB/s", speed / 1e6);
	char time[32] = "";
	if (last) {
		text_format_duration(time, (int64_t)(seconds * 1000));
		fprintf(stderr, ", %s\033[K\n", time);
		return;
	}
	if (progress->total > done && speed > 0) {
		double left = (double)(progress->total - done) / speed;
		text_format_duration(time, (int64_t)left * 1000);
		fprintf(stderr, ", %s left", time);
	}
	fputs("\033[K", stderr);
}

void progress_update(struct progress *progress, int64_t done, int64_t rows)
{
	int64_t now = clock_monotonic_us();
	if (!progress->shown || now - progress->drawn_us < redraw_us)
		return;
	progress->drawn_us = now;
	draw(progress, done, rows, false);
}

void progress_end(struct progress *progress, int64_t done, int64_t rows)
{
	if (progress->shown)
		draw(progress, done, rows, true);
}
