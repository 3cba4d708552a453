/*
 * provider.c
 *		A provider by HTTP that takes over whatever comes, as quickly as can be.
 *
 *		provider PORT RECORD
 *
 * Listens on a port of 127.0.0.1, whose number it writes to the file PORT. Appends a line to the file RECORD for each
 * request: its Idempotency-Key and when it had arrived, in microseconds since 1970.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX		16384
#define KEY_SIZE		37
#define EVENTS			256

typedef struct Client
{
	int			fd;
	size_t		length;
	char		data[REQUEST_MAX + 1];
} Client;

static FILE *record;

static void
check(int passed, const char *what)
{
	if (passed)
		return;
	perror(what);
	exit(1);
}

static long long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* The value of a header, "" if there is none. */
static const char *
header(const char *request, const char *name)
{
	const char *found = strcasestr(request, name);

	return found ? found + strlen(name) : "";
}

static void
answer(int fd, const char *request)
{
	char		key[KEY_SIZE];
	char		body[64];
	char		all[256];
	int			length;

	snprintf(key, sizeof(key), "%.*s", (int) strcspn(header(request, "\r\nIdempotency-Key: "), "\r"),
			 header(request, "\r\nIdempotency-Key: "));
	length = snprintf(body, sizeof(body), "{\"id\": \"%s\"}", key);
	length = snprintf(all, sizeof(all), "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
					  "Content-Length: %d\r\n\r\n%s", length, body);
	check(send(fd, all, (size_t) length, MSG_NOSIGNAL) == length, "send");
	fprintf(record, "%s %lld\n", key, now());
}

/* How long the request is that the data begin with, 0 if it is not all there. */
static size_t
request_length(const Client *client)
{
	const char *end = memmem(client->data, client->length, "\r\n\r\n", 4);
	size_t		length;

	if (!end)
		return 0;
	length = (size_t) (end + 4 - client->data) + strtoul(header(client->data, "\r\nContent-Length: "), NULL, 10);
	return length <= client->length ? length : 0;
}

static void
hear(Client *client)
{
	ssize_t		n = recv(client->fd, client->data + client->length, REQUEST_MAX - client->length, 0);
	size_t		length;

	if (n <= 0)
	{
		close(client->fd);
		free(client);
		return;
	}
	client->length += (size_t) n;
	client->data[client->length] = '\0';
	while ((length = request_length(client)) > 0)
	{
		answer(client->fd, client->data);
		client->length -= length;
		memmove(client->data, client->data + length, client->length + 1);
	}
}

static void
watch(int epoll, int fd, Client *client)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

	check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void
welcome(int epoll, int listener)
{
	Client	   *client = calloc(1, sizeof(Client));
	int			on = 1;

	check(client != NULL, "calloc");
	client->fd = accept(listener, NULL, NULL);
	check(client->fd >= 0, "accept");
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	watch(epoll, client->fd, client);
}

static int
listen_at(const char *port_file)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t	size = sizeof(address);
	int			listener = socket(AF_INET, SOCK_STREAM, 0);
	FILE	   *file;

	check(bind(listener, (struct sockaddr *) &address, size) == 0, "bind");
	check(listen(listener, SOMAXCONN) == 0, "listen");
	getsockname(listener, (struct sockaddr *) &address, &size);
	file = fopen(port_file, "w");
	check(file != NULL, port_file);
	fprintf(file, "%d\n", ntohs(address.sin_port));
	fclose(file);
	return listener;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int			epoll = epoll_create1(0);
	int			listener;

	if (argc != 3)
		return 2;
	record = fopen(argv[2], "a");
	check(record != NULL, argv[2]);
	listener = listen_at(argv[1]);
	watch(epoll, listener, NULL);
	for (;;)
	{
		int			n = epoll_wait(epoll, events, EVENTS, 0);

		/* the record is written when there is nothing else to do */
		if (n == 0)
		{
			fflush(record);
			n = epoll_wait(epoll, events, EVENTS, -1);
		}
		for (int i = 0; i < n; i++)
		{
			if (events[i].data.ptr)
				hear(events[i].data.ptr);
			else
				welcome(epoll, listener);
		}
	}
}
