/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, a bounded number of short connections; the listening socket is made here, so that
 * "every address" means IPv6 and IPv4 and port 0 can be asked for. */
#include "http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 64, CONNECTION_BYTES = 32768, TIMEOUT_SECONDS = 10 };
static const size_t max_body = 4 * 1024 * 1024;

struct http_server {
	struct MHD_Daemon *daemon;
	const struct http_route *routes;
	size_t count;
	void *context;
	unsigned port;
};

struct address {
	char host[256]; /* "" = every address */
	char port[8];
};

static bool split(const char *listen, struct address *ret_address, struct err *err)
{
	const char *colon = strrchr(listen, ':');
	const char *host = listen;
	size_t host_len = colon ? (size_t)(colon - listen) : 0;
	if (host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']') {
		host++;
		host_len -= 2;
	}
	size_t port_len = colon ? strlen(colon + 1) : 0;
	if (!colon || port_len == 0 || port_len >= sizeof(ret_address->port) ||
		strspn(colon + 1, "0123456789") != port_len ||
		strtol(colon + 1, NULL, 10) > 65535 || host_len >= sizeof(ret_address->host))
		return err_config(err,
			"cannot listen on '%s': expected HOST:PORT, such as 127.0.0.1:9440, "
			"[::1]:9440 or :9440",
			listen);
	memcpy(ret_address->host, host, host_len);
	ret_address->host[host_len] = '\0';
	memcpy(ret_address->port, colon + 1, port_len + 1);
	return true;
}

/* A listening socket; -1 with errno. */
static int listen_at(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	int on = 1;
	int off = 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, MAX_CONNECTIONS) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static bool open_socket(const char *listen, int *ret_fd, struct err *err)
{
	struct address address;
	if (!split(listen, &address, err))
		return false;
	/* Every address: the IPv6 socket serves IPv4 too, unless the machine has no IPv6. */
	const char *hosts[] = {"::", "0.0.0.0"};
	size_t count = 2;
	if (address.host[0]) {
		hosts[0] = address.host;
		count = 1;
	}
	int fd = -1;
	for (size_t i = 0; i < count && fd < 0; i++) {
		const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
		struct addrinfo *found = NULL;
		int code = getaddrinfo(hosts[i], address.port, &hints, &found);
		if (code)
			return err_config(
				err, "cannot listen on '%s': %s", listen, gai_strerror(code));
		for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
			fd = listen_at(at);
		freeaddrinfo(found);
	}
	if (fd < 0)
		return err_fail_errno(err, ERR_FATAL, "cannot listen on %s", listen);
	*ret_fd = fd;
	return true;
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	char port[16] = "0";
	if (getsockname(fd, (struct sockaddr *)&name, &len) == 0)
		getnameinfo(
			(struct sockaddr *)&name, len, NULL, 0, port, sizeof(port), NI_NUMERICSERV);
	return (unsigned)strtoul(port, NULL, 10);
}

static enum MHD_Result reply(struct MHD_Connection *connection, struct http_response *response)
{
	struct buf *body = &response->body;
	if (body->overflow) {
		buf_clear(body);
		buf_append_text(body, "the answer is too long\n");
		response->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		response->content_type = NULL;
	}
	struct MHD_Response *out =
		MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_COPY);
	if (!out)
		return MHD_NO;
	MHD_add_response_header(out, MHD_HTTP_HEADER_CONTENT_TYPE,
		response->content_type ? response->content_type : "text/plain; charset=utf-8");
	MHD_add_response_header(out, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(out, "X-Content-Type-Options", "nosniff");
	if (response->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(out, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	enum MHD_Result result = MHD_queue_response(
		connection, response->status ? response->status : MHD_HTTP_OK, out);
	MHD_destroy_response(out);
	return result;
}

static const struct http_route *find_route(const struct http_server *server, const char *path)
{
	for (size_t i = 0; i < server->count; i++)
		if (strcmp(server->routes[i].path, path) == 0)
			return &server->routes[i];
	return NULL;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload,
	size_t *upload_size, /* NOLINT(readability-non-const-parameter): the library's type */
	void **ret_state)
{
	(void)version;
	(void)upload;
	(void)upload_size;
	(void)ret_state;
	const struct http_server *server = context;
	struct http_response response = {0};
	buf_init(&response.body, max_body);
	const struct http_route *route = find_route(server, url);
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	const struct http_request request = {url, accept ? accept : ""};
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		response.status = MHD_HTTP_METHOD_NOT_ALLOWED;
		buf_append_text(&response.body, "only GET\n");
	} else if (!route) {
		response.status = MHD_HTTP_NOT_FOUND;
		buf_append_text(&response.body, "no such page\n");
	} else {
		route->handle(server->context, &request, &response);
	}
	enum MHD_Result result = reply(connection, &response);
	buf_release(&response.body);
	return result;
}

bool http_server_open(const char *listen, const struct http_route *routes, size_t count,
	void *context, struct http_server **ret_server, struct err *err)
{
	int fd = -1;
	if (!open_socket(listen, &fd, err))
		return false;
	struct http_server *server = calloc(1, sizeof(*server));
	if (!server)
		BUG("out of memory");
	server->routes = routes;
	server->count = count;
	server->context = context;
	server->port = port_of(fd);
	server->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
		on_request, server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,
		MHD_OPTION_END);
	if (!server->daemon) {
		close(fd);
		free(server);
		return err_fail(err, ERR_FATAL, "cannot start a web server on %s", listen);
	}
	*ret_server = server;
	return true;
}

unsigned http_server_port(const struct http_server *server)
{
	return server->port;
}

void http_server_close(struct http_server *server)
{
	if (!server)
		return;
	MHD_stop_daemon(server->daemon);
	free(server);
}
