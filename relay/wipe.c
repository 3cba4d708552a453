/*
 * wipe.c
 *		Memory that is wiped before it is given back, and the end of the program when there is none.
 *
 * Requests have codes and credentials in them, and libcurl, OpenSSL and jansson make copies of
 * what they are given. With these functions in place of malloc() and the like, the copies are
 * wiped when the libraries free them.
 */
#include "wipe.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* as deep as libraries go with what is secret in a register or a variable */
#define STACK_LEFT		(32 * 1024)

void
wipe(void *memory, size_t length)
{
	if (memory)
		explicit_bzero(memory, length);
}

__attribute__((noinline)) void
wipe_stack(void)
{
	char		below[STACK_LEFT];

	explicit_bzero(below, sizeof(below));
}

void *
wiping_malloc(size_t size)
{
	return malloc(size);
}

void *
wiping_calloc(size_t count, size_t size)
{
	return calloc(count, size);
}

void
wiping_free(void *memory)
{
	if (!memory)
		return;
	explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

/* realloc() itself may leave the old copy behind. */
void *
wiping_realloc(void *memory, size_t size)
{
	size_t		had = memory ? malloc_usable_size(memory) : 0;
	void	   *moved;

	if (size == 0)
	{
		wiping_free(memory);
		return NULL;
	}
	if (size <= had && size >= had / 2)
		return memory;
	moved = malloc(size);
	if (!moved)
		return NULL;
	if (memory)
		memcpy(moved, memory, had < size ? had : size);
	wiping_free(memory);
	return moved;
}

char *
wiping_strdup(const char *string)
{
	size_t		size = strlen(string) + 1;
	char	   *copy = malloc(size);

	return copy ? memcpy(copy, string, size) : NULL;
}

/* Whatever is in flight has its lease, and goes to another relay. */
void *
must_alloc(size_t size)
{
	void	   *memory = calloc(1, size);

	if (!memory)
	{
		static const char complaint[] = "otp-relay: out of memory\n";

		if (write(STDERR_FILENO, complaint, sizeof(complaint) - 1) < 0)
			_exit(2);
		_exit(1);
	}
	return memory;
}

char *
must_copy(const char *string)
{
	size_t		size = strlen(string) + 1;

	return memcpy(must_alloc(size), string, size);
}
