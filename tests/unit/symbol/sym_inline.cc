// Subject of the symbol tests: templates, lambdas, anonymous namespaces, constructors and inlining,
// all on one lock.  test_symbol.c knows the names; line numbers are found by the text.
#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace app
{
std::mutex cache_lock;
static int hits[100];

struct Counter {
	int value;
	explicit Counter(int v) : value(v)
	{
		hits[v % 100]++;
	}
	__attribute__((noinline)) int next(int step) const
	{
		static int calls;
		std::lock_guard<std::mutex> guard(cache_lock);
		return value + step + ++calls;
	}
};

template <typename T> struct Table {
	std::map<std::string, T> rows;
	static int made;
	T &row(const std::string &key)
	{
		made++;
		return rows[key];
	}
};
template <typename T> int Table<T>::made;

static Table<int> table;
} // namespace app

namespace
{
std::vector<int> queue;

__attribute__((noinline)) int hidden(int n)
{
	auto twice = [n](int y) {
		std::lock_guard<std::mutex> guard(app::cache_lock);
		return y * n;
	};
	return twice(n) + twice(n + 1);
}
} // namespace

int main(int argc, char **argv)
{
	app::Counter counter(argc);

	app::table.row(argv[0]) = argc;
	for (int i = 0; i < argc * 10; i++)
		queue.push_back(hidden(i));
	std::sort(queue.begin(), queue.end());
	std::thread other([&] { app::table.row("x") = counter.next(1); });
	other.join();
	return queue[0] + counter.next(argc);
}
