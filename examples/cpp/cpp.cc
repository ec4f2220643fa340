/*
 * cpp.cc - the C++ standard library's locks, seen through the pthread calls they are made of.
 *
 *	ctrace-run -o c.ctrace -- cpp
 *	ctrace locks c.ctrace
 *
 * What it shows.  std::mutex, std::timed_mutex, std::shared_mutex and std::condition_variable need
 * nothing special: a member of a class is named by where it was first used, stacks carry
 * demangled names (`Inventory::restock(int)`), and wait_for, which the compiler inlines down to
 * pthread_cond_clockwait, is a wait like any other.
 *
 * Sleeping with a lock held stands for slow work under it, as the long holders of real programs do.
 */
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace
{

/* A function whose last act is the unlock would jump there, and be gone from the stack. */
inline void stay()
{
	__asm__ volatile("");
}

class Inventory
{
	std::mutex lock;
	std::map<int, int> stock;

      public:
	[[gnu::noinline]] void restock(int item)
	{
		{
			std::lock_guard<std::mutex> hold(lock);
			stock[item] += 10;
			std::this_thread::sleep_for(2ms);
		}
		stay();
	}

	[[gnu::noinline]] bool take(int item)
	{
		std::lock_guard<std::mutex> hold(lock);
		return stock[item]-- > 0;
	}
};

class Prices
{
	std::shared_mutex lock;
	std::map<int, int> price;

      public:
	[[gnu::noinline]] void update(int item, int value)
	{
		{
			std::unique_lock<std::shared_mutex> hold(lock);
			price[item] = value;
			std::this_thread::sleep_for(1ms);
		}
		stay();
	}

	[[gnu::noinline]] int get(int item)
	{
		std::shared_lock<std::shared_mutex> hold(lock);
		auto it = price.find(item);
		return it == price.end() ? 0 : it->second;
	}
};

template <typename T> class Orders
{
	std::mutex lock;
	std::condition_variable arrived;
	std::deque<T> waiting;
	bool closed = false;

      public:
	[[gnu::noinline]] void place(T order)
	{
		std::lock_guard<std::mutex> hold(lock);
		waiting.push_back(std::move(order));
		arrived.notify_one();
	}

	[[gnu::noinline]] void close()
	{
		std::lock_guard<std::mutex> hold(lock);
		closed = true;
		arrived.notify_all();
	}

	/* False when there are no more orders. */
	[[gnu::noinline]] bool next(T &order)
	{
		std::unique_lock<std::mutex> hold(lock);
		while (!arrived.wait_for(hold, 10ms, [this] { return closed || !waiting.empty(); }))
			;
		if (waiting.empty())
			return false;
		order = std::move(waiting.front());
		waiting.pop_front();
		return true;
	}
};

Inventory inventory;
Prices prices;
Orders<std::string> orders;
std::timed_mutex printer;

/* Prints unless the printer is busy for too long. */
[[gnu::noinline]] bool print(const std::string &order)
{
	std::unique_lock<std::timed_mutex> hold(printer, 500us);

	if (!hold)
		return false;
	std::this_thread::sleep_for(order.size() * 10us);
	return true;
}

} // namespace

int main()
{
	std::vector<std::thread> clerks;
	int sold[3] = {0, 0, 0};

	for (int id = 0; id < 3; id++)
		clerks.emplace_back([id, &sold] {
			std::string order;

			while (orders.next(order)) {
				int item = static_cast<int>(order.size()) % 7;

				if (!inventory.take(item))
					inventory.restock(item);
				sold[id] += prices.get(item) >= 0;
				print(order);
			}
		});
	std::thread market([] {
		for (int i = 0; i < 50; i++) {
			prices.update(i % 7, i);
			std::this_thread::sleep_for(1ms);
		}
	});

	for (int i = 0; i < 300; i++) {
		orders.place("order " + std::to_string(i * 7919));
		if (i % 10 == 9)
			std::this_thread::sleep_for(3ms);
	}
	orders.close();
	for (auto &clerk : clerks)
		clerk.join();
	market.join();
	std::printf("cpp: %d orders\n", sold[0] + sold[1] + sold[2]);
	return 0;
}
