/*
 * basics.pml
 *		The sizes of the model, and how it reports.
 *
 * PROMISE names what is broken if it does not hold.  WITNESS says that the search has been
 * somewhere, so that a model that does nothing is noticed.  Both print while pan searches.
 */
#ifndef SESSIONS
#define SESSIONS		2
#endif
#ifndef USERS
#define USERS			1
#endif
#ifndef PURPOSES
#define PURPOSES		1	/* of each user */
#endif
#ifndef CALLS
#define CALLS			2	/* of each session */
#endif
#ifndef CODES
#define CODES			2	/* that are issued for a row; the first one before all begins */
#endif
#ifndef WRONGS
#define WRONGS			3	/* guesses that are no code at all */
#endif
#ifndef MAX_ATTEMPTS
#define MAX_ATTEMPTS	2
#endif
#ifndef FREE_GUESSES
#define FREE_GUESSES	3
#endif

/* A row of otp_challenge is that of a user and purpose; `place` says which. */
#define ROWS			(USERS * PURPOSES)
#define user			(place / PURPOSES)

#define PROMISE(name, holds) \
	if \
	:: (holds) \
	:: else -> c_code { printf("broken: %s\n", #name); }; assert(false) \
	fi

#define WITNESS(name, holds) \
	if \
	:: (holds) -> c_code { static char seen; if (!seen) { seen = 1; printf("witness: %s\n", #name); } } \
	:: else \
	fi

#define BIT(n)			(1 << (n))
#define AT(r, code)		((r) * CODES + (code))
#define GUESSES_OF(set)	\
	(((set) & 1) + ((set) >> 1 & 1) + ((set) >> 2 & 1) + ((set) >> 3 & 1) \
		+ ((set) >> 4 & 1) + ((set) >> 5 & 1) + ((set) >> 6 & 1) + ((set) >> 7 & 1))
