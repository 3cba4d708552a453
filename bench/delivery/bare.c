/*
 * bare.c
 *		Requests by HTTP and nothing else, as libcurl's example 10-at-a-time.c makes them: a handle for each, a few at a
 *		time, answers dropped.
 *
 *		bare URL HEADERS BODY COUNT IN_FLIGHT
 *
 * HEADERS, lines, and BODY are files. Prints the requests per second and the microseconds of this process's own time
 * per request.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#define SIZE_MAX_OF_FILE	16384

static const char *url;
static struct curl_slist *headers;
static char body[SIZE_MAX_OF_FILE];
static CURLM *multi;

static void
check(int passed, const char *what)
{
	if (passed)
		return;
	fprintf(stderr, "bare: %s failed\n", what);
	exit(1);
}

static double
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void
read_file(const char *name, char *data)
{
	FILE	   *file = fopen(name, "r");
	size_t		length;

	check(file != NULL, name);
	length = fread(data, 1, SIZE_MAX_OF_FILE - 1, file);
	data[length] = '\0';
	fclose(file);
}

static void
read_headers(const char *name)
{
	char		data[SIZE_MAX_OF_FILE];

	read_file(name, data);
	for (char *line = strtok(data, "\n"); line; line = strtok(NULL, "\n"))
		headers = curl_slist_append(headers, line);
	headers = curl_slist_append(headers, "Expect:");
}

static size_t
drop(char *data, size_t size, size_t n, void *arg)
{
	(void) data;
	(void) arg;
	return size * n;
}

static void
add(void)
{
	CURL	   *easy = curl_easy_init();

	check(easy != NULL, "curl_easy_init");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
	curl_multi_add_handle(multi, easy);
}

/* Takes away what is done; returns how many that are. */
static int
take_done(void)
{
	CURLMsg    *message;
	int			left;
	int			done = 0;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		CURL	   *easy = message->easy_handle;
		long		status = 0;

		check(message->data.result == CURLE_OK, "a request");
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		check(status == 200, "a request's status");
		curl_multi_remove_handle(multi, easy);
		curl_easy_cleanup(easy);
		done++;
	}
	return done;
}

static void
run(int count, int in_flight)
{
	int			begun = 0;
	int			done = 0;
	int			running;

	while (done < count)
	{
		for (; begun < count && begun - done < in_flight; begun++)
			add();
		curl_multi_perform(multi, &running);
		done += take_done();
		if (running > 0 && (begun == count || begun - done == in_flight))
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
}

int
main(int argc, char **argv)
{
	int			count;
	double		start;

	if (argc != 6)
		return 2;
	url = argv[1];
	curl_global_init(CURL_GLOBAL_ALL);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, strtol(argv[5], NULL, 10));
	read_headers(argv[2]);
	read_file(argv[3], body);
	count = atoi(argv[4]);
	start = now(CLOCK_MONOTONIC);
	run(count, atoi(argv[5]));
	printf("%.1f %.2f\n", count / (now(CLOCK_MONOTONIC) - start), now(CLOCK_PROCESS_CPUTIME_ID) * 1e6 / count);
	curl_multi_cleanup(multi);
	return 0;
}
