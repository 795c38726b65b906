/* SPDX-License-Identifier: Apache-2.0 */
#include "dev/private_postgres.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "postgres/database.h"

static const int64_t start_ms = 30000;
static const int64_t initdb_ms = 120000;

/* ---- whom to run as ---- */

static bool choose_user(struct process *process, struct err *err)
{
	if (geteuid() != 0)
		return true;
	static const char *const names[] = {"postgres", "nobody"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct passwd *user = getpwnam(names[i]);
		if (!user)
			continue;
		process->change_user = true;
		process->uid = user->pw_uid;
		process->gid = user->pw_gid;
		return true;
	}
	return err_fail(err, ERR_FATAL,
		"Postgres does not run as root, and there is no user postgres or nobody to run it "
		"as");
}

/* ---- what .penstock remembers ---- */

/* The first word of a small file of ours; "" when there is none. */
static const char *read_word(struct private_postgres *postgres, const char *name)
{
	char *path = file_join(postgres->arena, postgres->folder, name);
	struct buf text;
	buf_init(&text, 4096);
	struct err err;
	const char *word = "";
	if (access(path, R_OK) == 0 && file_read(path, &text, &err)) {
		const char *content = buf_text(&text);
		word = arena_strndup(postgres->arena, content, strcspn(content, "\n"));
	}
	buf_release(&text);
	return word;
}

static bool write_word(
	struct private_postgres *postgres, const char *name, const char *word, struct err *err)
{
	const char *path = file_join(postgres->arena, postgres->folder, name);
	char *line = arena_printf(postgres->arena, "%s\n", word);
	return file_replace(path, line, strlen(line), err) &&
	       (chmod(path, 0600) == 0 || err_fail_errno(err, ERR_FATAL, "protecting %s", path));
}

/* ---- where the data stand ---- */

/* Whether a user without rights of his own can walk to `path`. */
static bool others_can_reach(const char *path)
{
	char part[4096];
	snprintf(part, sizeof(part), "%s", path);
	for (;;) {
		struct stat st;
		if (stat(part, &st) != 0 || !(st.st_mode & S_IXOTH))
			return false;
		char *slash = strrchr(part, '/');
		if (!slash || slash == part)
			return true;
		*slash = '\0';
	}
}

static bool own_folder(const char *path, const struct process *process, struct err *err)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_fail_errno(err, ERR_FATAL, "creating folder %s", path);
	if (process->change_user && chown(path, process->uid, process->gid) != 0)
		return err_fail_errno(err, ERR_FATAL, "giving %s to Postgres' user", path);
	return true;
}

/* Outside of the project when Postgres' user cannot walk to it (a folder below /root). */
static bool new_place(struct private_postgres *postgres, const char **ret_place, struct err *err)
{
	if (!postgres->process.change_user || others_can_reach(postgres->folder)) {
		*ret_place = "postgres";
		return true;
	}
	char *path = arena_strdup(postgres->arena, "/var/tmp/penstock-dev-XXXXXX");
	if (!mkdtemp(path))
		return err_fail_errno(err, ERR_FATAL, "creating folder %s", path);
	*ret_place = path;
	return true;
}

/*
 * A cluster is there, and its server can run on it: a new one in its stead would look like an empty
 * database. The reason when not.
 */
static const char *why_unusable(const struct private_postgres *postgres)
{
	const struct process *server = &postgres->process;
	struct stat st;
	if (stat(file_join(postgres->arena, postgres->data, "PG_VERSION"), &st) != 0)
		return errno == ENOENT ? "it is gone" : strerror(errno);
	if (st.st_uid != (server->change_user ? server->uid : geteuid()))
		return "it belongs to another user";
	bool inside = strncmp(postgres->data, postgres->folder, strlen(postgres->folder)) == 0;
	if (server->change_user && inside && !others_can_reach(postgres->folder))
		return "Postgres' user may not pass a folder above it (chmod o+x)";
	return NULL;
}

/* ---- programs ---- */

static const char *find_program(struct arena *arena, const char *name)
{
	const char *path = getenv("PATH");
	while (path && *path) {
		size_t n = strcspn(path, ":");
		char *candidate = arena_printf(arena, "%.*s/%s", (int)n, path, name);
		if (access(candidate, X_OK) == 0)
			return candidate;
		path += n + (path[n] == ':');
	}
	glob_t found;
	const char *program = NULL;
	char *pattern = arena_printf(arena, "/usr/lib/postgresql/*/bin/%s", name);
	if (glob(pattern, 0, NULL, &found) == 0) {
		program = arena_strdup(arena, found.gl_pathv[found.gl_pathc - 1]);
		globfree(&found);
	}
	return program;
}

/* ---- port and password ---- */

static bool port_is_free(unsigned port, unsigned *ret_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	bool ok = bind(fd, (struct sockaddr *)&address, size) == 0 &&
		  getsockname(fd, (struct sockaddr *)&address, &size) == 0;
	close(fd);
	if (ok)
		*ret_port = ntohs(address.sin_port);
	return ok;
}

/* The port of the last time when it is free, so that saved connections go on working. */
static bool choose_port(struct private_postgres *postgres, struct err *err)
{
	int64_t last = 0;
	if (!text_int64(read_word(postgres, "port"), &last) || last < 1024 || last > 65535 ||
		!port_is_free((unsigned)last, &postgres->port))
		if (!port_is_free(0, &postgres->port))
			return err_fail_errno(err, ERR_FATAL, "finding a free port");
	return write_word(
		postgres, "port", arena_printf(postgres->arena, "%u", postgres->port), err);
}

static bool choose_password(struct private_postgres *postgres, struct err *err)
{
	const char *kept = read_word(postgres, "password");
	if (strlen(kept) == 32) {
		memcpy(postgres->password, kept, 33);
		return true;
	}
	unsigned char random[16];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_fail_errno(err, ERR_FATAL, "making a password");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(postgres->password + i * 2, 3, "%02x", random[i]);
	return write_word(postgres, "password", postgres->password, err);
}

/* ---- the cluster ---- */

static bool run_initdb(struct private_postgres *postgres, struct err *err)
{
	const char *program = find_program(postgres->arena, "initdb");
	if (!program)
		return err_fail(err, ERR_FATAL,
			"no Postgres server programs found: apt-get install postgresql-15");
	/* The server's user reads the password from here; it goes again right after. */
	char *password_file = arena_printf(postgres->arena, "%s.initdb-password", postgres->data);
	if (!file_replace(password_file, postgres->password, strlen(postgres->password), err))
		return false;
	const struct process *server = &postgres->process;
	bool ok = true;
	if (server->change_user && chown(password_file, server->uid, server->gid) != 0)
		ok = err_fail_errno(err, ERR_FATAL, "giving %s away", password_file);
	if (ok && chmod(password_file, 0600) != 0)
		ok = err_fail_errno(err, ERR_FATAL, "protecting %s", password_file);
	const char *const argv[] = {program, "--pgdata", postgres->data, "--username", "penstock",
		"--pwfile", password_file, "--auth", "scram-sha-256", "--encoding", "UTF8",
		"--locale", "C.UTF-8", "--no-sync", NULL};
	struct process initdb = {.name = "initdb",
		.argv = argv,
		.log_path = postgres->log_path,
		.uid = server->uid,
		.gid = server->gid,
		.change_user = server->change_user};
	struct supervisor supervisor = {0};
	struct process *ended = NULL;
	ok = ok && supervise_start(&supervisor, &initdb, err) &&
	     supervise_step(&supervisor, initdb_ms, &ended, err);
	supervise_stop(&supervisor, 1000);
	unlink(password_file);
	if (ok && (!ended || initdb.exit_status != 0))
		ok = err_fail(err, ERR_FATAL, "creating a Postgres cluster in %s failed; see %s",
			postgres->data, postgres->log_path);
	return ok;
}

/* Where the data are not in the project, the log is not either: its user cannot reach it. */
static void choose_log(struct private_postgres *postgres)
{
	const char *folder = postgres->folder;
	bool inside = strncmp(postgres->data, folder, strlen(folder)) == 0;
	postgres->log_path = inside ? file_join(postgres->arena, folder, "log/postgres.log")
				    : arena_printf(postgres->arena, "%s.log", postgres->data);
}

/* The log is opened after the change of user, so the file must be that user's. */
static bool prepare_log(const struct private_postgres *postgres, struct err *err)
{
	int fd = open(postgres->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "creating %s", postgres->log_path);
	const struct process *server = &postgres->process;
	bool ok = !server->change_user || fchown(fd, server->uid, server->gid) == 0;
	if (!ok)
		err_fail_errno(err, ERR_FATAL, "giving %s away", postgres->log_path);
	close(fd);
	return ok;
}

static bool ensure_cluster(struct private_postgres *postgres, struct err *err)
{
	const char *place = read_word(postgres, "postgres.path");
	bool known = *place != '\0';
	if (!known && !new_place(postgres, &place, err))
		return false;
	postgres->data = file_join(postgres->arena, postgres->folder, place);
	choose_log(postgres);
	const char *trouble = known ? why_unusable(postgres) : NULL;
	if (trouble)
		return err_fail(err, ERR_FATAL,
			"the Postgres data of this project are in %s, but %s; put that right, or "
			"remove %s/postgres.path to begin with an empty database",
			postgres->data, trouble, postgres->folder);
	if (!prepare_log(postgres, err))
		return false;
	if (known)
		return true;
	const char *version = file_join(postgres->arena, postgres->data, "PG_VERSION");
	return own_folder(postgres->data, &postgres->process, err) &&
	       (access(version, F_OK) == 0 || run_initdb(postgres, err)) &&
	       write_word(postgres, "postgres.path", place, err);
}

static bool prepare_process(struct private_postgres *postgres, struct err *err)
{
	struct arena *arena = postgres->arena;
	const char *program = find_program(arena, "postgres");
	if (!program)
		return err_fail(err, ERR_FATAL,
			"no Postgres server programs found: apt-get install postgresql-15");
	const char *const argv[] = {program, "-D", postgres->data, "-p",
		arena_printf(arena, "%u", postgres->port), "-c", "listen_addresses=127.0.0.1", "-c",
		"unix_socket_directories=", "-c", "max_connections=60", NULL};
	const char **copy = arena_calloc(arena, sizeof(argv) / sizeof(argv[0]), sizeof(*copy));
	memcpy(copy, argv, sizeof(argv));
	postgres->process.name = "postgres";
	postgres->process.argv = copy;
	postgres->process.log_path = postgres->log_path;
	postgres->process.restart = true;
	/* Fast shutdown: somebody's open psql does not hold it up. */
	postgres->process.stop_signal = SIGINT;
	return true;
}

bool private_postgres_prepare(
	struct private_postgres *postgres, struct arena *arena, const char *folder, struct err *err)
{
	*postgres = (struct private_postgres){.arena = arena, .folder = folder};
	if (!choose_user(&postgres->process, err))
		return false;
	if (!choose_password(postgres, err) || !ensure_cluster(postgres, err) ||
		!choose_port(postgres, err) || !prepare_process(postgres, err))
		return false;
	postgres->url = arena_printf(arena, "postgresql://penstock:%s@127.0.0.1:%u/penstock",
		postgres->password, postgres->port);
	return true;
}

static bool create_database(const struct private_postgres *postgres, struct err *err)
{
	char *url = arena_printf(postgres->arena, "postgresql://penstock:%s@127.0.0.1:%u/postgres",
		postgres->password, postgres->port);
	const struct database_options options = {.conninfo = url, .application = "penstock-dev"};
	struct database *database = NULL;
	if (!database_open(&options, &database, err))
		return false;
	bool ok = database_exec(database, "CREATE DATABASE penstock", err) ||
		  strcmp(err->native, "42P04") == 0;
	database_close(database);
	return ok;
}

bool private_postgres_wait(const struct private_postgres *postgres, struct err *err)
{
	int64_t deadline = clock_monotonic_us() + start_ms * 1000;
	while (!create_database(postgres, err)) {
		if (err->class != ERR_RETRY)
			return false;
		if (clock_monotonic_us() > deadline)
			return err_prefix(err, "the private Postgres does not start; see %s",
				postgres->log_path);
		if (stop_wait_ms(100))
			return err_fail(err, ERR_RETRY, "stopped while Postgres was starting");
	}
	return true;
}
