/* SPDX-License-Identifier: Apache-2.0 */
#include "dev/free_address.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket bound there; -1 with errno. */
static int bind_at(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* The port that `port` at `host` becomes ("0": any); false with errno. */
static bool try_port(const char *host, const char *port, char *ret_port, size_t size)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	errno = 0;
	if (getaddrinfo(*host ? host : NULL, port, &hints, &found) != 0)
		return false;
	int fd = bind_at(found);
	freeaddrinfo(found);
	if (fd < 0)
		return false;
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	bool ok = getsockname(fd, (struct sockaddr *)&name, &len) == 0 &&
		  getnameinfo((struct sockaddr *)&name, len, NULL, 0, ret_port, (socklen_t)size,
			  NI_NUMERICSERV) == 0;
	close(fd);
	return ok;
}

const char *free_address(struct arena *arena, const char *wanted)
{
	const char *colon = strrchr(wanted, ':');
	if (!colon)
		return wanted;
	size_t host_len = (size_t)(colon - wanted);
	bool bracketed = host_len >= 2 && wanted[0] == '[' && colon[-1] == ']';
	const char *host = bracketed ? arena_printf(arena, "%.*s", (int)host_len - 2, wanted + 1)
				     : arena_printf(arena, "%.*s", (int)host_len, wanted);
	char port[16];
	if (!try_port(host, colon + 1, port, sizeof(port)) &&
		(errno != EADDRINUSE || !try_port(host, "0", port, sizeof(port))))
		return wanted;
	return arena_printf(arena, "%.*s:%s", (int)host_len, wanted, port);
}
