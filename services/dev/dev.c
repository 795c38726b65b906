/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two circles of processes: Postgres, which outlives the broker, and the broker with everything
 * that talks to it. The embedded broker keeps nothing and comes back at another address, so when it
 * dies its circle is started anew; what it forgot the producer's repair sends again from the
 * archive.
 */
#include "dev/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/stop.h"
#include "dev/free_address.h"
#include "dev/inbox_news.h"
#include "dev/narrator.h"
#include "dev/private_postgres.h"

static const int64_t step_ms = 500;
static const int64_t stop_ms = 12000;
static const int64_t broker_start_ms = 10000;
static const int64_t init_ms = 60000;

struct dev {
	const struct dev_options *options;
	struct arena arena;
	const char *folder; /* .penstock, absolute */
	int lock_fd;
	struct private_postgres postgres;
	struct supervisor servers;
	struct supervisor circle; /* broker and services */
	struct process broker;
	struct process services[PROCESS_MAX];
	size_t service_count;
	char address[128];
	const char *monitor; /* where it listens, HOST:PORT */
	struct inbox_news *inbox_news;
};

/* ---- the folder ---- */

static bool prepare_folder(struct dev *dev, struct err *err)
{
	char real[PATH_MAX];
	if (!realpath(dev->options->config->folder, real))
		return err_fail_errno(err, ERR_FATAL, "folder %s", dev->options->config->folder);
	dev->folder = file_join(&dev->arena, real, ".penstock");
	if (!file_make_folder(file_join(&dev->arena, dev->folder, "log"), err) ||
		!file_make_folder(dev->options->config->inbox, err))
		return false;
	const char *path = file_join(&dev->arena, dev->folder, "dev.lock");
	dev->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (dev->lock_fd < 0)
		return err_fail_errno(err, ERR_FATAL, "creating %s", path);
	if (flock(dev->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return err_fail(err, ERR_FATAL, "`penstock dev` already runs in %s", real);
	return true;
}

static const char *env_path(struct dev *dev)
{
	return file_join(&dev->arena, dev->folder, "dev.env");
}

/* How other commands in this folder find the servers; only its owner may read the password. */
static bool write_env(struct dev *dev, struct err *err)
{
	char *text = arena_printf(&dev->arena,
		"PENSTOCK_DEV_PID=%ld\nPENSTOCK_POSTGRES=%s\nPENSTOCK_BOOTSTRAP_SERVERS=%s\n",
		(long)getpid(), dev->postgres.url, dev->address);
	const char *path = env_path(dev);
	if (!file_replace(path, text, strlen(text), err))
		return false;
	return chmod(path, 0600) == 0 || err_fail_errno(err, ERR_FATAL, "protecting %s", path);
}

/* ---- processes ---- */

/* PROGRAM -C FOLDER -c FILE [--env-file FILE] [-X ...] [-v] WORDS, as an argv of the arena's. */
static const char *const *command_line(struct dev *dev, const char *const *words)
{
	const struct dev_options *options = dev->options;
	const struct opt_list *kafka = options->source.kafka;
	const char **argv = arena_calloc(&dev->arena, OPT_LIST_MAX * 2 + 16, sizeof(*argv));
	size_t n = 0;
	argv[n++] = options->program;
	argv[n++] = "-C";
	argv[n++] = options->config->folder;
	if (options->source.path) {
		argv[n++] = "-c";
		argv[n++] = options->source.path;
	}
	if (options->source.env_file) {
		argv[n++] = "--env-file";
		argv[n++] = options->source.env_file;
	}
	for (size_t i = 0; kafka && i < kafka->count; i++) {
		argv[n++] = "-X";
		argv[n++] = kafka->items[i];
	}
	if (log_enabled(LOG_DEBUG))
		argv[n++] = log_enabled(LOG_TRACE) ? "-vv" : "-v";
	for (size_t i = 0; words[i]; i++)
		argv[n++] = words[i];
	return argv;
}

static struct process make_process(
	struct dev *dev, const char *name, const char *const *words, bool restart)
{
	return (struct process){
		.name = name,
		.argv = command_line(dev, words),
		.log_path = arena_printf(&dev->arena, "%s/log/%s.log", dev->folder, name),
		.restart = restart,
	};
}

static void add_service(struct dev *dev, const char *name, const char *const *words)
{
	dev->services[dev->service_count++] = make_process(dev, name, words, true);
}

/*
 * After its first assignment the embedded broker's group waits a whole session time-out for members
 * to join again: with Kafka's usual 45 s a worker that dies, or comes late, would hold up the rest.
 */
static const char *const worker_words[] = {
	"-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=1500", "worker", NULL};

static void plan_services(struct dev *dev)
{
	int64_t workers = dev->options->workers ? dev->options->workers : 2;
	add_service(dev, "producer", (const char *const[]){"producer", NULL});
	dev->inbox_news = inbox_news_new(dev->services[0].log_path);
	for (int64_t i = 1; i <= workers; i++)
		add_service(dev, arena_printf(&dev->arena, "worker-%d", (int)i), worker_words);
	if (dev->options->scheduler)
		add_service(dev, "scheduler", (const char *const[]){"scheduler", NULL});
	dev->monitor = free_address(&dev->arena, dev->options->config->monitor.listen);
	add_service(
		dev, "monitor", (const char *const[]){"monitor", "--listen", dev->monitor, NULL});
}

static bool start_postgres(struct dev *dev, struct err *err)
{
	return private_postgres_prepare(&dev->postgres, &dev->arena, dev->folder, err) &&
	       supervise_start(&dev->servers, &dev->postgres.process, err) &&
	       private_postgres_wait(&dev->postgres, err);
}

static bool start_broker(struct dev *dev, struct err *err)
{
	const char *path = file_join(&dev->arena, dev->folder, "broker.address");
	unlink(path);
	dev->broker = make_process(dev, "broker",
		(const char *const[]){"dev", "broker", "--address-file", path, NULL}, false);
	if (!supervise_start(&dev->circle, &dev->broker, err))
		return false;
	int64_t deadline = clock_monotonic_us() + broker_start_ms * 1000;
	while (access(path, R_OK) != 0) {
		struct process *ended = NULL;
		if (!supervise_step(&dev->circle, 50, &ended, err))
			return false;
		if (stop_requested())
			return err_fail(err, ERR_RETRY, "stopped while the broker was starting");
		if (ended || clock_monotonic_us() > deadline)
			return err_fail(err, ERR_FATAL,
				"the embedded broker does not start; see %s", dev->broker.log_path);
	}
	struct buf text;
	buf_init(&text, sizeof(dev->address) - 1);
	bool ok = file_read(path, &text, err);
	if (ok)
		snprintf(dev->address, sizeof(dev->address), "%s", buf_text(&text));
	buf_release(&text);
	return ok;
}

static bool run_init(struct dev *dev, struct err *err)
{
	struct process init = make_process(dev, "init", (const char *const[]){"init", NULL}, false);
	struct supervisor once = {0};
	struct process *ended = NULL;
	bool ok = supervise_start(&once, &init, err) && supervise_step(&once, init_ms, &ended, err);
	supervise_stop(&once, 1000);
	if (!ok || stop_requested())
		return ok;
	return (ended && init.exit_status == 0) ||
	       err_fail(err, ERR_FATAL, "`penstock init` failed; see %s", init.log_path);
}

static bool start_circle(struct dev *dev, struct err *err)
{
	if (!start_broker(dev, err) || !write_env(dev, err) || !run_init(dev, err))
		return false;
	for (size_t i = 0; i < dev->service_count && !stop_requested(); i++)
		if (!supervise_start(&dev->circle, &dev->services[i], err))
			return false;
	return true;
}

/* ---- people ---- */

static void print_banner(const struct dev *dev)
{
	const char *wanted = dev->options->config->monitor.listen;
	const char *port = strrchr(wanted, ':');
	bool moved = strcmp(dev->monitor, wanted) != 0 && strcmp(port, ":0") != 0;
	printf("penstock dev is ready. Ctrl-C ends everything; the data stay in %s\n\n"
	       "  inbox     drop files into %s\n"
	       "  Postgres  psql '%s'\n"
	       "  broker    kcat -b %s -L\n"
	       "  monitor   http://%s%s/%s%s%s\n"
	       "  logs      %s/log/\n\n",
		dev->folder, dev->options->config->inbox, dev->postgres.url, dev->address,
		dev->monitor[0] == ':' ? "localhost" : "", dev->monitor, moved ? " (" : "",
		moved ? wanted : "", moved ? " is taken)" : "", dev->folder);
	fflush(stdout);
}

static bool watch(struct dev *dev, struct err *err)
{
	struct narrator *narrator = narrator_new(dev->postgres.url);
	bool ok = true;
	while (ok && !stop_requested()) {
		struct process *ended = NULL;
		struct err news_err;
		if (!narrator_tell(narrator, &news_err))
			log_err(LOG_DEBUG, "no news from the ledger", &news_err);
		inbox_news_tell(dev->inbox_news);
		ok = supervise_step(&dev->servers, 0, NULL, err) &&
		     supervise_step(&dev->circle, step_ms, &ended, err);
		if (ok && ended == &dev->broker && !stop_requested()) {
			log_warn("the embedded broker ended; starting it and its clients anew");
			supervise_stop(&dev->circle, stop_ms);
			ok = start_circle(dev, err);
		}
	}
	narrator_free(narrator);
	return ok;
}

bool dev_run(const struct dev_options *options, struct err *err)
{
	if (options->workers > PROCESS_MAX - 8)
		return err_usage(err, "--workers takes %d at most", PROCESS_MAX - 8);
	struct dev dev = {.options = options, .lock_fd = -1};
	arena_init(&dev.arena, 1 << 20);
	bool ok = prepare_folder(&dev, err);
	if (ok) {
		plan_services(&dev);
		ok = start_postgres(&dev, err) && start_circle(&dev, err);
		if (ok && !stop_requested())
			print_banner(&dev);
		ok = ok && watch(&dev, err);
		supervise_stop(&dev.circle, stop_ms);
		unlink(env_path(&dev));
		supervise_stop(&dev.servers, stop_ms);
	}
	inbox_news_free(dev.inbox_news);
	if (dev.lock_fd >= 0)
		close(dev.lock_fd);
	arena_release(&dev.arena);
	/* Asked to end while still starting: that is no failure. */
	return ok || stop_requested();
}
