/*
 * told.h - for C++ subjects that print which cleanup ran, and in what order: tell() adds a word, a Guard tells its name when it is destroyed.
 */
#ifndef CT_TESTS_TOLD_H
#define CT_TESTS_TOLD_H

#include <string>

static std::string told;

static void tell(const char *what)
{
	told += ' ';
	told += what;
}

struct Guard {
	const char *name;
	explicit Guard(const char *n) : name(n)
	{
	}
	~Guard()
	{
		tell(name);
	}
};

#endif
