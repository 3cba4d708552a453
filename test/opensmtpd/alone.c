/*
 * alone.c
 *		Lets OpenSMTPD run as an ordinary user who is root in a namespace of his own (see run).
 *
 * It changes to users of its own, of which there are none in that namespace, so they are root, too; but
 * groups cannot be set there.
 *
 * With OpenSSL 3, EVP_PKEY_get1_RSA() gives a copy of the key: version 6.8 marks the copy as one that another
 * process has, and then cannot find it (https://github.com/OpenSMTPD/OpenSMTPD/issues/1171). Here
 * the key becomes what was given. Newer versions do that themselves.
 */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED

#include <dlfcn.h>
#include <grp.h>
#include <openssl/evp.h>

extern int	setgroups(size_t n, const gid_t *groups);
extern int	initgroups(const char *user, gid_t group);

int
setgroups(size_t n, const gid_t *groups)
{
	(void) n;
	(void) groups;
	return 0;
}

int
initgroups(const char *user, gid_t group)
{
	(void) user;
	(void) group;
	return 0;
}

struct rsa_st *
EVP_PKEY_get1_RSA(EVP_PKEY *key)
{
	struct rsa_st *(*get) (EVP_PKEY *) = NULL;
	struct rsa_st *rsa;

	*(void **) &get = dlsym(RTLD_NEXT, "EVP_PKEY_get1_RSA");
	rsa = get ? get(key) : NULL;
	if (rsa)
		EVP_PKEY_set1_RSA(key, rsa);
	return rsa;
}
