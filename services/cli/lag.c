/* SPDX-License-Identifier: Apache-2.0 */
/* penstock lag: what waits in Kafka, exactly; how long it will take, estimated. */
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/stop.h"
#include "cli/print_listing.h"

static const int64_t watch_ms = 2000;
static const size_t max_memory = (size_t)64 << 20;

struct lag_options {
	bool json;
	bool watch;
};

static const struct opt lag_rows[] = {
	{"json", 0, OPT_FLAG, offsetof(struct lag_options, json), NULL,
		"print a JSON array of objects"},
	{"watch", 'w', OPT_FLAG, offsetof(struct lag_options, watch), NULL,
		"again every two seconds until Ctrl-C"},
};

static bool show(
	const struct monitor_options *monitor, const struct lag_options *wanted, struct err *err)
{
	struct arena arena;
	struct lag lag;
	arena_init(&arena, max_memory);
	bool ok = lag_read(monitor, &arena, &lag, err);
	if (ok) {
		struct listing listing;
		lag_listing(&lag, &arena, &listing);
		/* Home and clear, so that a watched table stays in its place. */
		if (wanted->watch && !wanted->json && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		print_listing(&listing, wanted->json);
		if (lag.blind && !wanted->json)
			fprintf(stderr, "rows and seconds are not estimated: %s\n", lag.blind);
		fflush(stdout);
	}
	arena_release(&arena);
	return ok;
}

static int lag_run(struct cli *cli, const void *options, int argc, char **argv)
{
	const struct lag_options *wanted = options;
	struct monitor_options monitor;
	struct err err;
	(void)argc;
	(void)argv;
	if (!monitor_options_fill(cli, &monitor, &err))
		return cli_fail(&err);
	do {
		bool ok = show(&monitor, wanted, &err);
		/* Watching goes on when a broker is away for a while. */
		if (!ok && !(wanted->watch && err.class == ERR_RETRY))
			return cli_fail(&err);
		if (!ok)
			cli_fail(&err);
	} while (wanted->watch && !stop_wait_ms(watch_ms));
	return cli_exit_code(EXIT_GOOD);
}

const struct command command_lag = {
	.name = "lag",
	.summary = "what waits in Kafka, by topic and partition; works with every worker dead",
	.details =
		"Messages are exact. Rows and seconds are estimated from the newest chunks in the\n"
		"ledger, and the pace of the last minute.",
	.options = {lag_rows, sizeof(lag_rows) / sizeof(lag_rows[0])},
	.options_size = sizeof(struct lag_options),
	.run = lag_run,
};
