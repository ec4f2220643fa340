/*
 * ctrace.hpp - ctrace.h by scope, for C++11 on: what begins where it is declared ends where its scope does, by an exception too.
 *
 *	void serve(const request &r)
 *	{
 *		ctrace::task task("request");
 *		ctrace::region parse("parse", task);
 *		...
 *	}
 */
#ifndef CTRACE_CTRACE_HPP
#define CTRACE_CTRACE_HPP

#include <ctrace/ctrace.h>

namespace ctrace
{

/* A task; moved to where it shall end, in whatever thread that is. */
class task
{
	uint64_t id_;

      public:
	explicit task(const char *name, uint64_t parent = 0) : id_(ctrace_task_begin(name, parent))
	{
	}
	task(task &&other) noexcept : id_(other.id_)
	{
		other.id_ = 0;
	}
	task &operator=(task &&other) noexcept
	{
		if (this != &other) {
			end();
			id_ = other.id_;
			other.id_ = 0;
		}
		return *this;
	}
	task(const task &) = delete;
	task &operator=(const task &) = delete;
	~task()
	{
		end();
	}
	void end()
	{
		if (id_)
			ctrace_task_end(id_);
		id_ = 0;
	}
	operator uint64_t() const
	{
		return id_;
	}
};

/* What this thread does from here to the end of the scope. */
class region
{
	uint64_t begun_;

      public:
	explicit region(const char *name, uint64_t task = 0)
	    : begun_(ctrace_region_begin(name, task))
	{
	}
	region(const region &) = delete;
	region &operator=(const region &) = delete;
	~region()
	{
		if (begun_)
			ctrace_region_end(begun_);
	}
};

/* A label of this thread that goes at the end of the scope; one of the same key around it does not come back. */
class label
{
	const char *key_;

      public:
	label(const char *key, const char *value) : key_(key)
	{
		ctrace_label(key, value);
	}
	label(const label &) = delete;
	label &operator=(const label &) = delete;
	~label()
	{
		ctrace_label(key_, 0);
	}
};

} // namespace ctrace
#endif
