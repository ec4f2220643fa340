/* The same by scope: tasks that move, exceptions that end regions. */
#include <ctrace/ctrace.hpp>
#include <cstdio>
#include <thread>
#include <utility>

static void inner(uint64_t task)
{
	ctrace::region r("throws", task);
	throw 1;
}

static void worker(ctrace::task t)
{
	ctrace::label l("worker", "second");
	ctrace::region r("finish", t);
}

int main()
{
	for (int i = 0; i < 3; i++) {
		ctrace::task t("request");
		try {
			ctrace::region r("handle", t);
			inner(t);
		} catch (int) {
			ctrace_log(t, "apm", "caught");
		}
		std::thread(worker, std::move(t)).join();
	}
	std::puts(ctrace_enabled() ? "recorded" : "not recorded");
}
