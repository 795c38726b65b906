/* SPDX-License-Identifier: Apache-2.0 */
#include "support/postgres_server.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define START_MS 90000

static struct {
	char folder[64];
	char data[80];
	char log[80];
	char binaries[200];
	char conninfo[200];
	const struct passwd *user; /* NULL: our own will do */
	pid_t pid;
	pid_t owner;
} server;

_Noreturn static void give_up(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "postgres_server: ");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static void find_binaries(void)
{
	glob_t found;
	if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0)
		give_up("no PostgreSQL server is installed: apt-get install postgresql-15");
	snprintf(
		server.binaries, sizeof(server.binaries), "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
}

/* Changing the user forgets the death signal, so it is set behind that. */
_Noreturn static void become(const char *program, char *const *argv)
{
	if (server.user && (setgroups(0, NULL) != 0 || setgid(server.user->pw_gid) != 0 ||
				   setuid(server.user->pw_uid) != 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	int log = open(server.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 || chdir(server.folder) != 0)
		_exit(126);
	/* initdb looks for postgres beside itself, and for itself by argv[0]. */
	setenv("PATH", server.binaries, 1);
	execvp(program, argv);
	_exit(127);
}

static pid_t run(const char *program, char *const *argv)
{
	pid_t pid = fork();
	if (pid < 0)
		give_up("cannot fork");
	if (pid == 0)
		become(program, argv);
	return pid;
}

static void print_log(void)
{
	FILE *log = fopen(server.log, "r");
	char line[500];
	while (log && fgets(line, sizeof(line), log))
		fputs(line, stderr);
	if (log)
		fclose(log);
}

static void init_data(void)
{
	char *const argv[] = {"initdb", "-D", server.data, "-U", "penstock", "-A", "trust", "-E",
		"UTF8", "--locale=C.UTF-8", "--no-sync", NULL};
	int status;
	pid_t pid = run("initdb", argv);
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		print_log();
		give_up("initdb failed");
	}
}

static bool answers(void)
{
	struct database_options options = {.conninfo = server.conninfo, .connect_ms = 10000};
	struct database *database;
	if (!database_open(&options, &database, NULL))
		return false;
	database_close(database);
	return true;
}

static void wait_until_it_answers(void)
{
	int64_t deadline = clock_monotonic_us() + START_MS * INT64_C(1000);
	while (!answers()) {
		if (clock_monotonic_us() > deadline || waitpid(server.pid, NULL, WNOHANG) != 0) {
			print_log();
			give_up("Postgres does not start");
		}
		usleep(20000);
	}
}

static void start(void)
{
	char sockets[120];
	snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s", server.folder);
	char *const argv[] = {"postgres", "-D", server.data, "-c", sockets, "-c",
		"listen_addresses=", "-c", "port=5432", "-c", "fsync=off", "-c",
		"synchronous_commit=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB",
		"-c", "deadlock_timeout=100ms", "-c", "timezone=UTC", NULL};
	server.pid = run("postgres", argv);
	wait_until_it_answers();
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

void postgres_server_stop(void)
{
	if (!server.folder[0] || server.owner != getpid())
		return;
	if (server.pid > 0) {
		kill(server.pid, SIGQUIT);
		waitpid(server.pid, NULL, 0);
	}
	nftw(server.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	server.folder[0] = '\0';
}

const char *postgres_server(void)
{
	if (server.folder[0])
		return server.conninfo;
	find_binaries();
	snprintf(server.folder, sizeof(server.folder), "/tmp/penstock-postgres-XXXXXX");
	if (!mkdtemp(server.folder))
		give_up("cannot make a folder in /tmp");
	server.owner = getpid();
	atexit(postgres_server_stop);
	if (geteuid() == 0) {
		server.user = getpwnam("postgres");
		if (!server.user)
			server.user = getpwnam("nobody");
		if (!server.user ||
			chown(server.folder, server.user->pw_uid, server.user->pw_gid) != 0)
			give_up("no unprivileged user to run Postgres as");
	}
	snprintf(server.data, sizeof(server.data), "%s/data", server.folder);
	snprintf(server.log, sizeof(server.log), "%s/server.log", server.folder);
	init_data();
	snprintf(server.conninfo, sizeof(server.conninfo),
		"host=%s port=5432 user=penstock dbname=postgres", server.folder);
	start();
	return server.conninfo;
}

const char *postgres_server_folder(void)
{
	return server.folder;
}

void postgres_conninfo(const char *name, char *ret_text)
{
	postgres_server();
	snprintf(ret_text, 300, "host=%s port=5432 user=penstock dbname=%s", server.folder, name);
}

static struct database *connect_to(const char *conninfo, struct err *err)
{
	struct database_options options = {.conninfo = conninfo, .application = "penstock test"};
	struct database *database = NULL;
	return database_open(&options, &database, err) ? database : NULL;
}

struct database *postgres_connect(const char *name)
{
	char conninfo[300];
	struct err err;
	postgres_conninfo(name, conninfo);
	struct database *database = connect_to(conninfo, &err);
	if (!database && strcmp(err.native, "3D000") == 0) {
		struct database *maker = connect_to(server.conninfo, &err);
		if (maker)
			sql_exec(maker, "CREATE DATABASE \"%s\"", name);
		database_close(maker);
		database = connect_to(conninfo, &err);
	}
	if (!database)
		give_up("%s", err.message);
	return database;
}

static char *format(const char *fmt, va_list ap)
{
	char *sql;
	if (vasprintf(&sql, fmt, ap) < 0)
		give_up("out of memory");
	return sql;
}

void sql_exec(struct database *database, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *sql = format(fmt, ap);
	va_end(ap);
	struct err err;
	if (!database_exec(database, sql, &err))
		give_up("%s: %s", sql, err.message);
	free(sql);
}

static char *value(struct database *database, const char *fmt, va_list ap)
{
	char *sql = format(fmt, ap);
	struct database_rows *rows;
	struct err err;
	if (!database_query(database, sql, NULL, 0, &rows, &err))
		give_up("%s: %s", sql, err.message);
	if (database_row_count(rows) != 1 || database_column_count(rows) != 1)
		give_up("%s: not one value", sql);
	const char *text = database_text(rows, 0, 0);
	char *copy = strdup(text ? text : "NULL");
	database_rows_free(rows);
	free(sql);
	return copy;
}

int64_t sql_int(struct database *database, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = value(database, fmt, ap);
	va_end(ap);
	int64_t number = strtoll(text, NULL, 10);
	free(text);
	return number;
}

char *sql_text(struct database *database, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = value(database, fmt, ap);
	va_end(ap);
	return text;
}
