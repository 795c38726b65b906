/* SPDX-License-Identifier: Apache-2.0 */
/* The server is asked by a plain libcurl; the client talks to a scripted socket. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"
#include "http/health.h"
#include "http/server.h"
#include "support/cmocka_all.h"

static size_t keep(char *data, size_t size, size_t count, void *context)
{
	buf_append(context, data, size * count);
	return size * count;
}

struct answer {
	long status;
	struct buf head;
	struct buf body;
};

static void answer_release(struct answer *answer)
{
	buf_release(&answer->head);
	buf_release(&answer->body);
}

static struct answer ask(unsigned port, const char *method, const char *path, const char *accept)
{
	struct answer answer = {0};
	buf_init(&answer.head, 65536);
	buf_init(&answer.body, 8 * 1024 * 1024);
	char url[128];
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = accept ? curl_slist_append(NULL, accept) : NULL;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.head);
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return answer;
}

static void assert_answer(
	unsigned port, const char *method, const char *path, long status, const char *body)
{
	struct answer answer = ask(port, method, path, NULL);
	assert_int_equal(answer.status, status);
	assert_string_equal(buf_text(&answer.body), body);
	answer_release(&answer);
}

static void hello(void *context, const struct http_request *request, struct http_response *response)
{
	buf_printf(&response->body, "%s %s", (const char *)context, request->path);
}

static void too_long(
	void *context, const struct http_request *request, struct http_response *response)
{
	(void)context;
	(void)request;
	for (int i = 0; i < 5 * 1024; i++)
		buf_printf(&response->body, "%1024d", i);
}

static const struct http_route routes[] = {{"/hello", hello}, {"/long", too_long}};

static void pages_come_from_the_table(void **state)
{
	(void)state;
	struct err err = {0};
	struct http_server *server = NULL;
	assert_ok(http_server_open("127.0.0.1:0", routes, 2, (void *)"hi", &server, &err));
	unsigned port = http_server_port(server);
	assert_true(port > 0);
	assert_answer(port, "GET", "/hello", 200, "hi /hello");
	assert_answer(port, "GET", "/hello?x=1", 200, "hi /hello");
	assert_answer(port, "GET", "/", 404, "no such page\n");
	assert_answer(port, "POST", "/hello", 405, "only GET\n");
	assert_answer(port, "GET", "/long", 500, "the answer is too long\n");
	http_server_close(server);
}

static void listening_is_checked(void **state)
{
	(void)state;
	struct err err = {0};
	struct http_server *server = NULL;
	static const char *const bad[] = {"", "9440", "localhost", "h:", "h:x", "h:70000", "h:1x"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(http_server_open(bad[i], routes, 1, NULL, &server, &err), ERR_FATAL,
			"HOST:PORT");
		assert_int_equal(err.from, ERR_FROM_CONFIG);
	}
	assert_ok(http_server_open(":0", routes, 1, (void *)"x", &server, &err));
	char taken[32];
	snprintf(taken, sizeof(taken), "127.0.0.1:%u", http_server_port(server));
	assert_answer(http_server_port(server), "GET", "/hello", 200, "x /hello");
	struct http_server *second = NULL;
	assert_err(http_server_open(taken, routes, 1, NULL, &second, &err), ERR_FATAL,
		"Address already in use");
	http_server_close(server);
}

static bool ready_when_set(void *context, struct buf *why)
{
	bool *ready = context;
	if (!*ready)
		buf_append_text(why, "Kafka is away");
	return *ready;
}

static void a_service_shows_its_health(void **state)
{
	(void)state;
	static const struct metric loaded = {
		"penstock_loaded_total", METRIC_COUNTER, "Rows.", {"dataset"}};
	struct err err = {0};
	struct metrics *metrics = metrics_new();
	metric_add(metrics, &loaded, 3, "orders");
	bool ready = false;
	struct health *health = NULL;
	const struct health_options options = {.listen = "127.0.0.1:0",
		.metrics = metrics,
		.ready = ready_when_set,
		.context = &ready};
	assert_ok(health_open(&options, &health, &err));
	unsigned port = health_port(health);
	assert_answer(port, "GET", "/livez", 200, "alive\n");
	assert_answer(port, "GET", "/readyz", 503, "Kafka is away\n");
	ready = true;
	assert_answer(port, "GET", "/readyz", 200, "ready\n");
	struct answer plain = ask(port, "GET", "/metrics", NULL);
	assert_non_null(strstr(buf_text(&plain.head), "text/plain; version=0.0.4"));
	assert_non_null(
		strstr(buf_text(&plain.body), "penstock_loaded_total{dataset=\"orders\"} 3"));
	assert_null(strstr(buf_text(&plain.body), "# EOF"));
	answer_release(&plain);
	struct answer open = ask(port, "GET", "/metrics", "Accept: application/openmetrics-text");
	assert_non_null(
		strstr(buf_text(&open.head), "application/openmetrics-text; version=1.0.0"));
	assert_non_null(strstr(buf_text(&open.body), "# TYPE penstock_loaded counter"));
	assert_non_null(strstr(buf_text(&open.body), "# EOF\n"));
	answer_release(&open);
	health_close(health);
	assert_ok(health_open(&(struct health_options){.listen = ""}, &health, &err));
	assert_null(health);
	metrics_free(metrics);
}

/* Answers one connection with fixed text and keeps what it was sent. */
struct script {
	int fd;
	unsigned port;
	const char *answer;
	struct buf request;
	pthread_t thread;
};

static void *serve_one(void *context)
{
	struct script *script = context;
	int fd = accept(script->fd, NULL, NULL);
	assert_true(fd >= 0);
	while (!strstr(buf_text(&script->request), "\"text\"")) {
		char data[4096];
		ssize_t n = read(fd, data, sizeof(data));
		assert_true(n > 0);
		buf_append(&script->request, data, (size_t)n);
	}
	assert_true(write(fd, script->answer, strlen(script->answer)) > 0);
	close(fd);
	return NULL;
}

static void script_start(struct script *script, const char *answer)
{
	*script = (struct script){.answer = answer, .fd = socket(AF_INET, SOCK_STREAM, 0)};
	buf_init(&script->request, 65536);
	struct sockaddr_in name = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(name);
	assert_int_equal(bind(script->fd, (struct sockaddr *)&name, len), 0);
	assert_int_equal(listen(script->fd, 1), 0);
	assert_int_equal(getsockname(script->fd, (struct sockaddr *)&name, &len), 0);
	script->port = ntohs(name.sin_port);
	assert_int_equal(pthread_create(&script->thread, NULL, serve_one, script), 0);
}

static void script_end(struct script *script)
{
	pthread_join(script->thread, NULL);
	close(script->fd);
	buf_release(&script->request);
}

static bool post(unsigned port, struct err *err)
{
	static const char body[] = "{\"text\": \"hi\"}";
	char url[128];
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/services/SECRET?token=SECRET", port);
	return http_post_json(url, body, sizeof(body) - 1, 5000, err);
}

static void a_post_is_judged_by_its_status(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		enum err_class class; /* 0: good */
		const char *part;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0, ""},
		{"HTTP/1.1 204 No Content\r\n\r\n", 0, ""},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", ERR_FATAL, "404: gone"},
		{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: "
		 "0\r\n\r\n",
			ERR_FATAL, "302"},
		{"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", ERR_RETRY, "429"},
		{"HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n", ERR_RETRY, "408"},
		{"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n", ERR_RETRY, "503"},
		{"nonsense", ERR_FATAL, "POST to http://127.0.0.1"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {0};
		struct script script;
		script_start(&script, rows[i].answer);
		bool ok = post(script.port, &err);
		if (rows[i].class == 0) {
			assert_true(ok);
		} else {
			assert_err(ok, rows[i].class, rows[i].part);
			assert_null(strstr(err.message, "SECRET"));
		}
		assert_non_null(
			strstr(buf_text(&script.request), "Content-Type: application/json\r\n"));
		script_end(&script);
	}
}

static void what_cannot_be_asked_is_an_error(void **state)
{
	(void)state;
	struct err err = {0};
	assert_err(http_post_json("http://127.0.0.1:1/x", "{}", 2, 2000, &err), ERR_RETRY,
		"127.0.0.1");
	assert_err(http_post_json("file:///etc/passwd", "{}", 2, 2000, &err), ERR_FATAL, "POST");
	assert_err(http_post_json("not a url", "{}", 2, 2000, &err), ERR_FATAL, "POST");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_come_from_the_table),
		cmocka_unit_test(listening_is_checked),
		cmocka_unit_test(a_service_shows_its_health),
		cmocka_unit_test(a_post_is_judged_by_its_status),
		cmocka_unit_test(what_cannot_be_asked_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
