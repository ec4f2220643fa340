/* link: -ldl */
/*
 * stack_work_cxx.cc - C++ frames for stack_oracle.c to take stacks in.
 *
 * Destructors that run while an exception unwinds stand on top of the unwinder's own frames, with
 * landing pads entered by a jump instead of a call; callbacks come through libstdc++; threads
 * start in it.
 */
#include <algorithm>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <csignal>
#include <cstdio>
#include <dlfcn.h>

static void (*check)();
static void (*check_thread)();

struct Checked {
	std::string name;
	explicit Checked(int n) : name(static_cast<size_t>(n + 1), 'x')
	{
	}
	~Checked()
	{
		check();
	}
};

__attribute__((noinline)) static int fall(int depth)
{
	Checked here(depth);

	if (depth == 0)
		throw std::runtime_error("as planned");
	return fall(depth - 1) + 1;
}

__attribute__((noinline)) static int rethrow(int depth)
{
	try {
		return fall(depth);
	} catch (...) {
		Checked here(1);

		check();
		throw;
	}
}

struct Shape {
	virtual ~Shape() = default;
	virtual int area(int n) const = 0;
};
struct Square : Shape {
	int area(int n) const override
	{
		alignas(64) volatile char room[96] = {};

		check();
		return n + room[3];
	}
};

static void everything()
{
	std::vector<int> v(200);
	std::map<std::string, int> names;
	std::unique_ptr<Shape> shape(new Square);
	std::once_flag once;
	int seed = 7, caught = 0;

	for (int i = 0; i < 30; i++) {
		try {
			caught += rethrow(i % 10);
		} catch (const std::exception &) {
			caught++;
			check();
		}
	}
	for (auto &x : v)
		x = seed = (seed * 1103515245 + 12345) & 0x7fff;
	std::sort(v.begin(), v.end(), [](int a, int b) {
		if ((a ^ b) % 16 == 0)
			check();
		return a < b;
	});
	std::function<int(int)> deep = [&](int n) {
		if (n == 0)
			check();
		return n ? deep(n - 1) + shape->area(n) : caught;
	};
	for (int i = 0; i < 30; i++)
		names[std::to_string(deep(i))] = i;
	std::call_once(once, [] { check(); });
	auto later = std::async(std::launch::async, [] {
		check_thread();
		check();
		return 1;
	});
	later.get();
}

static void on_signal(int)
{
	check();
}

int main()
{
	check = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "oracle_check"));
	check_thread = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "oracle_thread"));
	if (!check || !check_thread) {
		fprintf(stderr, "run by stack_oracle.sh\n");
		return 77;
	}
	std::signal(SIGUSR1, on_signal);
	for (int round = 0; round < 5; round++) {
		std::thread t([] {
			check_thread();
			everything();
		});
		everything();
		raise(SIGUSR1);
		t.join();
	}
	return 0;
}
