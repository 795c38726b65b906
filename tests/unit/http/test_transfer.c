/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges with a scripted socket: what is sent and what becomes of each kind of answer. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/transfer.h"
#include "support/cmocka_all.h"

/* Answers one connection with fixed text after it read up to `until`; holds it open when told. */
struct script {
	int fd;
	char url[64];
	const char *until;
	const char *answer;
	bool hold; /* until the client has gone */
	struct buf request;
	pthread_t thread;
};

static void *serve_one(void *context)
{
	struct script *script = context;
	char data[4096];
	int fd = accept(script->fd, NULL, NULL);
	assert_true(fd >= 0);
	while (!strstr(buf_text(&script->request), script->until)) {
		ssize_t n = read(fd, data, sizeof(data));
		if (n <= 0)
			break;
		buf_append(&script->request, data, (size_t)n);
	}
	assert_true(write(fd, script->answer, strlen(script->answer)) >= 0);
	while (script->hold && read(fd, data, sizeof(data)) > 0)
		;
	close(fd);
	return NULL;
}

static void script_start(struct script *script, const char *until, const char *answer, bool hold)
{
	*script = (struct script){.until = until,
		.answer = answer,
		.hold = hold,
		.fd = socket(AF_INET, SOCK_STREAM, 0)};
	buf_init(&script->request, 65536);
	struct sockaddr_in name = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(name);
	assert_int_equal(bind(script->fd, (struct sockaddr *)&name, len), 0);
	assert_int_equal(listen(script->fd, 1), 0);
	assert_int_equal(getsockname(script->fd, (struct sockaddr *)&name, &len), 0);
	snprintf(script->url, sizeof(script->url), "http://127.0.0.1:%u/a/../b%%20c?secret=1",
		ntohs(name.sin_port));
	assert_int_equal(pthread_create(&script->thread, NULL, serve_one, script), 0);
}

static void script_end(struct script *script)
{
	pthread_join(script->thread, NULL);
	close(script->fd);
	buf_release(&script->request);
}

struct seen {
	const char *to_send;
	struct buf headers;
	struct buf body;
	bool refuses;
};

static bool send_some(void *context, void *to, size_t n, size_t *ret_n, struct err *err)
{
	struct seen *seen = context;
	(void)err;
	*ret_n = *seen->to_send && n ? 1 : 0;
	if (*ret_n)
		memcpy(to, seen->to_send++, 1);
	return true;
}

static void keep_header(void *context, const char *name, const char *value)
{
	struct seen *seen = context;
	buf_printf(&seen->headers, "%s=%s;", name, value);
}

static bool keep_body(void *context, const void *data, size_t n, struct err *err)
{
	struct seen *seen = context;
	if (seen->refuses)
		return err_fail(err, ERR_DATA, "not wanted");
	buf_append(&seen->body, data, n);
	return true;
}

static struct seen seen_new(const char *to_send)
{
	struct seen seen = {.to_send = to_send};
	buf_init(&seen.headers, 4096);
	buf_init(&seen.body, 4096);
	return seen;
}

static void seen_release(struct seen *seen)
{
	buf_release(&seen->headers);
	buf_release(&seen->body);
}

static struct http_exchange exchange_of(
	const struct script *script, const char *method, struct seen *seen)
{
	return (struct http_exchange){.method = method,
		.url = script->url,
		.on_header = keep_header,
		.on_body = keep_body,
		.context = seen,
		.max_bytes = 10,
		.connect_ms = 30000,
		.idle_ms = 30000};
}

static void bodies_are_streamed_both_ways(void **state)
{
	(void)state;
	struct script script;
	script_start(&script, "hello",
		"HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 4\r\n\r\ngood", false);
	struct seen seen = seen_new("hello");
	static const char *const headers[] = {"X-One: 1", "X-Two: a b"};
	struct http_exchange exchange = exchange_of(&script, "PUT", &seen);
	exchange.headers = headers;
	exchange.header_count = 2;
	exchange.send = send_some;
	exchange.send_bytes = 5;
	struct err err = {0};
	long status = 0;
	struct http_client *client = http_client_new();
	assert_ok(http_exchange(client, &exchange, &status, &err));
	assert_int_equal(status, 200);
	assert_string_equal(buf_text(&seen.body), "good");
	assert_string_equal(buf_text(&seen.headers), "etag=\"x\";content-length=4;");
	const char *request = buf_text(&script.request);
	assert_int_equal(strncmp(request, "PUT /a/../b%20c?secret=1 HTTP/1.1\r\n", 35), 0);
	assert_non_null(strstr(request, "\r\nX-One: 1\r\nX-Two: a b\r\n"));
	assert_non_null(strstr(request, "\r\nContent-Length: 5\r\n"));
	assert_null(strstr(request, "Expect"));
	http_client_free(client);
	script_end(&script);
	seen_release(&seen);
}

static void a_refusal_is_an_answer_too(void **state)
{
	(void)state;
	struct script script;
	script_start(&script, "\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: "
		"12\r\n\r\nlook further",
		false);
	struct seen seen = seen_new("");
	struct buf refusal;
	buf_init(&refusal, 4);
	struct http_exchange exchange = exchange_of(&script, "GET", &seen);
	exchange.refusal = &refusal;
	struct err err = {0};
	long status = 0;
	struct http_client *client = http_client_new();
	assert_ok(http_exchange(client, &exchange, &status, &err));
	assert_int_equal(status, 302);
	assert_string_equal(buf_text(&refusal), "look");
	assert_int_equal(seen.body.len, 0);
	http_client_free(client);
	buf_release(&refusal);
	script_end(&script);
	seen_release(&seen);
}

static void what_goes_wrong_is_told_without_secrets(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		bool hold;
		bool refuses;
		enum err_class class;
		const char *part;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", false, false, ERR_RETRY,
			"GET http://127.0.0.1:"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", true, false, ERR_RETRY,
			"no byte for 1 s"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901", false, false,
			ERR_FATAL, "longer than 10 bytes"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", false, true, ERR_DATA,
			"not wanted"},
		{"", false, false, ERR_RETRY, "GET http://127.0.0.1:"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct script script;
		script_start(&script, "\r\n\r\n", rows[i].answer, rows[i].hold);
		struct seen seen = seen_new("");
		seen.refuses = rows[i].refuses;
		struct http_exchange exchange = exchange_of(&script, "GET", &seen);
		if (rows[i].hold)
			exchange.idle_ms = 1000;
		struct err err = {0};
		long status = 0;
		struct http_client *client = http_client_new();
		assert_err(http_exchange(client, &exchange, &status, &err), rows[i].class,
			rows[i].part);
		assert_null(strstr(err.message, "secret"));
		assert_int_equal(status, 0);
		http_client_free(client);
		script_end(&script);
		seen_release(&seen);
	}
}

static void content_that_ends_early_is_not_sent(void **state)
{
	(void)state;
	struct script script;
	script_start(&script, "never", "", false);
	struct seen seen = seen_new("abc");
	struct http_exchange exchange = exchange_of(&script, "PUT", &seen);
	exchange.send = send_some;
	exchange.send_bytes = 5;
	struct err err = {0};
	long status = 0;
	struct http_client *client = http_client_new();
	assert_err(http_exchange(client, &exchange, &status, &err), ERR_RETRY, "2 bytes too early");
	http_client_free(client);
	script_end(&script);
	seen_release(&seen);
}

static void other_protocols_are_refused(void **state)
{
	(void)state;
	struct http_client *client = http_client_new();
	struct http_exchange exchange = {
		.method = "GET", .url = "file:///etc/passwd", .connect_ms = 1000, .idle_ms = 1000};
	struct err err = {0};
	long status = 0;
	assert_err(http_exchange(client, &exchange, &status, &err), ERR_FATAL, "GET");
	http_client_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_streamed_both_ways),
		cmocka_unit_test(a_refusal_is_an_answer_too),
		cmocka_unit_test(what_goes_wrong_is_told_without_secrets),
		cmocka_unit_test(content_that_ends_early_is_not_sent),
		cmocka_unit_test(other_protocols_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
